"""Every action is a route: listed to those who may, run inline or as a job, refused without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from apps.orchestrator import registry
from apps.orchestrator.models import Job
from apps.orchestrator.types import Face
from apps.workspaces.tenancy import workspace_context
from tests.api import probes


@pytest.fixture(autouse=True)
def _actions() -> Iterator[None]:
    with probes.declared():
        yield


def jobs_in(workspace: Any) -> int:
    with workspace_context(workspace):
        return Job.objects.count()


def test_the_list_has_what_the_caller_may_run_with_schemas(
    api_for: Any, owner: Any, viewer: Any
) -> None:
    listed = {row["key"]: row for row in api_for(owner).get("actions").json()["data"]}
    count = listed["probe.count"]
    assert count["runs"] == "inline"
    assert count["input_schema"]["properties"]["label"]["maxLength"] == 20
    assert listed["probe.publish"]["runs"] == "job"
    assert "probe.hidden" not in listed
    assert set(listed) == {action.key for action in registry.all_actions(face=Face.API)}
    seen = {row["key"] for row in api_for(viewer).get("actions").json()["data"]}
    assert "probe.count" not in seen


def test_a_quick_action_runs_inline(api_for: Any, owner: Any, workspace: Any) -> None:
    response = api_for(owner).post("actions/probe.count", {"label": "one", "times": 3})
    assert response.status_code == 200
    assert response.json() == {"action": "probe.count", "output": {"total": 3, "label": "one"}}
    assert probes.runs == ["one"]
    assert jobs_in(workspace) == 0


def test_it_can_be_asked_for_as_a_job(api_for: Any, owner: Any, workspace: Any) -> None:
    api = api_for(owner)
    response = api.post("actions/probe.count?mode=job", {"label": "one"})
    assert response.status_code == 202
    job = api.get(response["Location"]).json()
    assert job["id"] == response.json()["id"]
    assert (job["action"], job["state"], job["input"]["label"]) == ("probe.count", "ready", "one")
    assert probes.runs == []


def test_what_acts_outside_is_a_job_and_needs_a_key(
    api_for: Any, owner: Any, workspace: Any
) -> None:
    api = api_for(owner)
    refused = api.post("actions/probe.publish", {"label": "one"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (
        400,
        "idempotency_key_required",
    )
    inline = api.post("actions/probe.publish?mode=inline", {"label": "one"})
    assert (inline.status_code, inline.json()["error"]["field"]) == (422, "mode")
    assert jobs_in(workspace) == 0
    first = api.post("actions/probe.publish", {"label": "one"}, Idempotency_Key="k1")
    again = api.post("actions/probe.publish", {"label": "one"}, Idempotency_Key="k1")
    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    assert again["Location"] == first["Location"]
    assert jobs_in(workspace) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "label"),
        ({"label": ""}, "label"),
        ({"label": 5}, "label"),
        ({"label": "x" * 21}, "label"),
        ({"label": "a\x00b"}, "label"),
        ({"label": "a", "times": 9}, "times"),
        ({"label": "a", "times": "many"}, "times"),
        ({"label": "a", "tiems": 1}, "tiems"),
    ],
)
def test_wrong_input_names_the_field(body: Any, field: str, api_for: Any, owner: Any) -> None:
    response = api_for(owner).post("actions/probe.count", body)
    assert response.status_code == 422
    assert response.json()["error"]["field"] == field
    assert probes.runs == []


@pytest.mark.parametrize("key", ["probe.hidden", "probe.none", "x", "%00", "a/b"])
def test_an_action_that_is_not_offered(key: str, api_for: Any, owner: Any) -> None:
    assert api_for(owner).post(f"actions/{key}", {"label": "a"}).status_code == 404
    assert probes.runs == []


def test_refusal_leaves_no_trace_for_every_action(
    api_for: Any, client_for: Any, workspace: Any, outsider: Any, other_owner: Any, owner: Any
) -> None:
    """An outsider and a member elsewhere get 404, a key without the scope 403: for each action."""
    strangers = [client_for(outsider), client_for(other_owner)]
    scoped = api_for(owner, scopes=["workspace.view"])
    for action in registry.all_actions(face=Face.API):
        path = f"/api/v1/w/acme/actions/{action.key}"
        for stranger in strangers:
            response = stranger.post(path, "{}", content_type="application/json")
            assert response.status_code == 404, action.key
        if action.permission != "workspace.view":
            response = scoped.post(path, {}, Idempotency_Key="k")
            assert response.status_code == 403, action.key
            assert response.json()["error"]["params"] == {"permission": action.permission}
    assert probes.runs == []
    assert jobs_in(workspace) == 0
