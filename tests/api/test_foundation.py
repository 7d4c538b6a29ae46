"""What holds for every route: who gets in, how errors look, what a page of a list is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.workspaces.models import Membership
from tests.api.conftest import Api, make_key
from tests.conftest import make_member


def code_of(response: Any) -> str:
    return str(response.json()["error"]["code"])


def test_key_and_session_both_get_in(api_for: Any, client_for: Any, owner: Any) -> None:
    by_key = api_for(owner).get("workspace")
    assert by_key.status_code == 200
    assert by_key.json()["slug"] == "acme"
    assert by_key.json()["role"] == "owner"
    by_session = client_for(owner).get("/api/v1/w/acme/workspace")
    assert by_session.json() == by_key.json()


def test_nobody_gets_in_without_either(workspace: Any) -> None:
    response = Client().get("/api/v1/w/acme/workspace")
    assert response.status_code == 401
    assert code_of(response) == "not_authenticated"
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("fault", ["revoked", "expired", "mistyped", "unknown", "empty"])
def test_a_dead_key_is_refused_without_a_reason(fault: str, workspace: Any, owner: Any) -> None:
    raw, row = make_key(owner, workspace)
    past = timezone.now() - timedelta(seconds=1)
    if fault == "revoked":
        row.revoked_at = past
    elif fault == "expired":
        row.expires_at = past
    row.save()
    if fault == "mistyped":
        raw = raw[:-1] + ("0" if raw[-1] != "0" else "1")
    elif fault == "unknown":
        row.delete()
    elif fault == "empty":
        raw = ""
    for path in ("workspace", "/api/v1/me"):
        response = Api(workspace, None).get(path, Authorization=f"Bearer {raw}")
        assert response.status_code == 401, path
        assert code_of(response) == "invalid_api_key"


def test_a_key_opens_its_own_workspace_only(
    api_for: Any, owner: Any, workspace: Any, other_workspace: Any
) -> None:
    from apps.workspaces.services.provisioning import builtin_role

    Membership.objects.create(workspace=other_workspace, user=owner, role=builtin_role("owner"))
    response = api_for(owner, on=other_workspace, key_of=workspace).get("workspace")
    assert response.status_code == 404


def test_other_workspaces_look_like_none(
    api_for: Any, client_for: Any, workspace: Any, other_owner: Any, outsider: Any
) -> None:
    for user in (other_owner, outsider):
        theirs = client_for(user).get("/api/v1/w/acme/workspace")
        unknown = client_for(user).get("/api/v1/w/nowhere/workspace")
        assert (theirs.status_code, theirs.json()) == (unknown.status_code, unknown.json())
        assert theirs.status_code == 404


def test_a_session_must_prove_its_page(client_for: Any, owner: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = client_for(owner).cookies
    assert client.get("/api/v1/w/acme/workspace").status_code == 200
    response = client.patch(
        "/api/v1/w/acme/workspace", {"name": "Taken"}, content_type="application/json"
    )
    assert response.status_code == 403
    assert code_of(response) == "csrf_failed"


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing", "/api/v2/me", "/api/v1/w/acme/none"])
def test_no_route_is_said_in_json(path: str, api_for: Any, owner: Any) -> None:
    response = api_for(owner).get(path)
    assert response.status_code == 404
    assert code_of(response) == "no_such_route"


def test_a_method_that_is_not_taken(api_for: Any, owner: Any) -> None:
    response = api_for(owner).call("DELETE", "workspace")
    assert response.status_code == 405
    assert code_of(response) == "method_not_allowed"
    assert "GET" in response["Allow"]


def test_me_and_my_workspaces(
    api_for: Any, client_for: Any, owner: Any, other_workspace: Any
) -> None:
    from apps.workspaces.services.provisioning import builtin_role

    Membership.objects.create(workspace=other_workspace, user=owner, role=builtin_role("viewer"))
    me = api_for(owner).get("/api/v1/me").json()
    assert (me["email"], me["authenticated_by"]) == ("olga@acme.example", "api_key")
    mine = client_for(owner).get("/api/v1/workspaces").json()
    assert [(row["slug"], row["role"]) for row in mine["data"]] == [
        ("acme", "owner"),
        ("globex", "viewer"),
    ]
    of_key = api_for(owner).get("/api/v1/workspaces").json()
    assert [row["slug"] for row in of_key["data"]] == ["acme"]


def test_every_answer_names_its_request(api_for: Any, owner: Any) -> None:
    assert len(api_for(owner).get("workspace")["X-Request-ID"]) >= 16
    named = api_for(owner).get("workspace", X_Request_ID="from-the-proxy-7")
    assert named["X-Request-ID"] == "from-the-proxy-7"


def test_an_unexpected_error_tells_its_request_and_nothing_else(
    api_for: Any, owner: Any, monkeypatch: Any
) -> None:
    from apps.workspaces.api import views

    def broken(self: Any) -> Any:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(views.WorkspaceDetailView, "_present", broken)
    response = api_for(owner).get("workspace")
    assert response.status_code == 500
    assert "swordfish" not in response.content.decode()
    assert response.json()["error"]["params"] == {"request_id": response["X-Request-ID"]}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=%FF", "cursor"),
        ("cursor=bnVsbA", "cursor"),
        ("cursor=WyIiLG51bGwsbnVsbF0", "cursor"),
        ("cursor=WyIiLG51bGwsIngiXQ", "cursor"),
        ("colour=red", "colour"),
    ],
)
def test_a_bad_query_names_the_parameter(query: str, field: str, api_for: Any, owner: Any) -> None:
    response = api_for(owner).get(f"members?{query}")
    assert response.status_code == 422
    assert response.json()["error"]["field"] == field


def test_pages_stay_put_while_rows_come_and_go(api_for: Any, owner: Any, workspace: Any) -> None:
    people = [make_member(workspace, "viewer", f"p{n}@acme.example") for n in range(7)]
    api = api_for(owner)
    seen, cursor = [], ""
    for _ in range(10):
        page = api.get(f"members?limit=3{cursor}").json()
        seen += [row["email"] for row in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        if len(seen) == 3:  # one that was seen goes, another arrives
            Membership.objects.filter(user=people[0]).delete()
            make_member(workspace, "viewer", "late@acme.example")
    assert seen == [owner.email, *(p.email for p in people), "late@acme.example"]
