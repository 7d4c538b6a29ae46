"""A POST with an Idempotency-Key happens once: sent again, sent by two, or cut off in the middle."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.utils import timezone

from apps.orchestrator import services as orchestrator
from apps.orchestrator.api import idempotency as table
from apps.orchestrator.models import Event, IdempotentRequest, Job
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.api import probes


@pytest.fixture(autouse=True)
def _actions() -> Iterator[None]:
    with probes.declared():
        yield


def put(workspace: Any) -> Job:
    with workspace_context(workspace):
        return orchestrator.enqueue(
            actor=Actor.system(workspace), action="probe.count", input={"label": "x"}
        )


def rows_in(workspace: Any) -> list[IdempotentRequest]:
    with workspace_context(workspace):
        return list(IdempotentRequest.objects.order_by("pk"))


def test_the_answer_is_replayed(api_for: Any, owner: Any, workspace: Any) -> None:
    api = api_for(owner)
    first = api.post("actions/probe.count", {"label": "a"}, Idempotency_Key="k")
    again = api.post("actions/probe.count", {"label": "a"}, Idempotency_Key="k")
    assert again.content == first.content
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert probes.runs == ["a"]
    assert [row.status for row in rows_in(workspace)] == [200]


def test_another_body_is_a_conflict(api_for: Any, owner: Any) -> None:
    api = api_for(owner)
    api.post("actions/probe.count", {"label": "a"}, Idempotency_Key="k")
    for body, query in (({"label": "b"}, ""), ({"label": "a"}, "?mode=job")):
        refused = api.post(f"actions/probe.count{query}", body, Idempotency_Key="k")
        assert refused.status_code == 409
        assert refused.json()["error"]["code"] == "idempotency_key_reused"
    assert probes.runs == ["a"]


def test_a_key_is_its_callers_own(api_for: Any, owner: Any, admin: Any) -> None:
    for user in (owner, admin):
        api_for(user).post("actions/probe.count", {"label": "a"}, Idempotency_Key="k")
    assert probes.runs == ["a", "a"]


def test_a_replay_is_refused_to_one_who_lost_the_right(
    api_for: Any, admin: Any, workspace: Any
) -> None:
    from apps.workspaces.models import Membership
    from apps.workspaces.services.provisioning import builtin_role

    job, api = put(workspace), api_for(admin)
    assert api.post(f"jobs/{job.pk}/cancel", Idempotency_Key="k").status_code == 200
    Membership.objects.filter(user=admin).update(role=builtin_role("viewer"))
    assert api.post(f"jobs/{job.pk}/cancel", Idempotency_Key="k").status_code == 403


def test_a_refusal_is_not_kept(api_for: Any, owner: Any, workspace: Any) -> None:
    api = api_for(owner)
    assert api.post("actions/probe.count", {}, Idempotency_Key="k").status_code == 422
    assert api.post(f"jobs/{workspace.pk:032x}/cancel", {}, Idempotency_Key="k").status_code == 404
    assert rows_in(workspace) == []
    assert api.post("actions/probe.count", {"label": "a"}, Idempotency_Key="k").status_code == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "snow☃"])
def test_a_key_is_1_to_255_visible_characters(key: str, api_for: Any, owner: Any) -> None:
    response = api_for(owner).post("actions/probe.count", {"label": "a"}, Idempotency_Key=key)
    assert response.status_code == 422
    assert response.json()["error"]["field"] == "Idempotency-Key"
    assert probes.runs == []


def test_in_flight_is_said_and_taken_over_when_its_process_died(
    api_for: Any, owner: Any, workspace: Any
) -> None:
    api = api_for(owner)
    api.post("actions/probe.count", {"label": "a"}, Idempotency_Key="k")
    with workspace_context(workspace):  # as if the first process were still at it
        IdempotentRequest.objects.update(status=None, body="")
    busy = api.post("actions/probe.count", {"label": "a"}, Idempotency_Key="k")
    assert (busy.status_code, busy.json()["error"]["code"]) == (409, "idempotency_in_flight")
    assert int(busy["Retry-After"]) >= 1
    with workspace_context(workspace):  # and then were dead for longer than the lease
        IdempotentRequest.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert api.post("actions/probe.count", {"label": "a"}, Idempotency_Key="k").status_code == 200
    assert probes.runs == ["a", "a"]  # harmless actions may run again


def test_keys_are_forgotten_after_a_day(api_for: Any, owner: Any, workspace: Any) -> None:
    api = api_for(owner)
    api.post("actions/probe.count", {"label": "a"}, Idempotency_Key="k")
    with workspace_context(workspace):
        IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert api.post("actions/probe.count", {"label": "b"}, Idempotency_Key="k").status_code == 200
    with workspace_context(workspace):
        IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))
        assert table.forget_old() == 1
        assert IdempotentRequest.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_at_once_have_one_effect(
    api_for: Any, owner: Any, workspace: Any, monkeypatch: Any
) -> None:
    """Eight threads, one key: one cancel, and everyone else is told to wait or gets that answer."""
    job, api = put(workspace), api_for(owner)
    barrier, statuses, calls = threading.Barrier(8), [], []
    original = orchestrator.cancel

    def counting(**fields: Any) -> Job:
        calls.append(1)
        return original(**fields)

    monkeypatch.setattr("apps.orchestrator.api.views.orchestrator.cancel", counting)

    def send() -> None:
        barrier.wait()
        response = api.post(f"jobs/{job.pk}/cancel", Idempotency_Key="race")
        statuses.append((response.status_code, response.get("Idempotency-Replayed")))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(calls) == 1
    assert statuses.count((200, None)) == 1
    assert {status for status, _ in statuses} <= {200, 409}


@pytest.mark.django_db(transaction=True)
def test_a_process_that_dies_in_the_middle_leaves_neither_effect_nor_answer(
    api_for: Any, owner: Any, workspace: Any, monkeypatch: Any
) -> None:
    """Killed after the effect and before the commit: nothing of it is there, and a retry does it."""
    job, api = put(workspace), api_for(owner)

    class Killed(BaseException):
        pass

    def settle_and_die(self: Any, *args: Any) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(table.TableStore, "settle", settle_and_die)
        patch.setattr(table.TableStore, "give_up", lambda *args: None)  # nobody left to do it
        with pytest.raises(Killed):
            api.post(f"jobs/{job.pk}/cancel", Idempotency_Key="k")
    with workspace_context(workspace):
        assert Job.objects.get(pk=job.pk).state == "ready"
        IdempotentRequest.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    done = api.post(f"jobs/{job.pk}/cancel", Idempotency_Key="k")
    assert (done.status_code, done.json()["state"]) == (200, "cancelled")


@pytest.mark.django_db(transaction=True)
def test_a_slow_process_that_was_overtaken_rolls_its_effect_back(
    api_for: Any, owner: Any, workspace: Any, monkeypatch: Any
) -> None:
    job, api = put(workspace), api_for(owner)
    real = orchestrator.cancel

    def slow(**fields: Any) -> Job:
        done = real(**fields)
        thread = threading.Thread(target=_take_over, args=[workspace])
        thread.start()
        thread.join()
        return done

    monkeypatch.setattr("apps.orchestrator.api.views.orchestrator.cancel", slow)
    response = api.post(f"jobs/{job.pk}/cancel", Idempotency_Key="k")
    assert (response.status_code, response.json()["error"]["code"]) == (
        409,
        "idempotency_in_flight",
    )
    with workspace_context(workspace):
        assert Job.objects.get(pk=job.pk).state == "ready"
        assert not Event.objects.filter(kind="job.cancelled").exists()


def _take_over(workspace: Any) -> None:
    with workspace_context(workspace):
        IdempotentRequest.objects.update(token=uuid4())
    connections.close_all()
