"""Access is renewed ahead of time, once, and survives a crash between the answer and our commit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.errors import ConnectionLost
from apps.integrations.events import warn
from apps.integrations.http import guarded_client
from apps.integrations.models import Connection, Secret
from apps.integrations.providers.base import ErrorKind, ProviderError
from apps.integrations.services import (
    apps,
    connections,
    credentials,
    health,
    refreshing,
    sandbox,
    sunsets,
)
from apps.orchestrator import services as orchestrator
from apps.orchestrator.models import Event, Job
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor
from tests.support.networks import Networks


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
def x(networks: Networks, in_workspace: Any) -> Any:
    """An account on X, whose refresh tokens work once, and how often the network renewed it."""
    desk = networks.sandbox.simulators["x"].desk  # type: ignore[union-attr]
    desk.refreshed.clear()
    kept = sandbox.connect(actor=Actor.system(in_workspace), provider="x", login="maren")
    return kept, lambda: sum(desk.refreshed.values())


def renew(kept: Connection, stale: dict[str, str] | None = None) -> dict[str, str]:
    with guarded_client() as client:
        held = stale or credentials.read(kept)
        return refreshing.renew(connection=kept, stale=held, client=client)


def kinds() -> list[str]:
    found = Event.objects.filter(kind__startswith="connection.").order_by("sequence")
    return list(found.values_list("kind", flat=True))


@pytest.mark.parametrize("place", ["_save", "parse"])
def test_dying_between_answer_and_save_costs_no_second_refresh(
    x: Any, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    kept, refreshed = x
    stale = credentials.read(kept)

    def die(*args: Any, **kwargs: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        if place == "_save":
            patch.setattr(refreshing, "_save", die)
        else:
            patch.setattr(type(providers.get("x")), "read_token", die)
        with pytest.raises(Killed):
            renew(kept)
    assert credentials.read(kept) == stale
    assert refreshed() == 1
    note = Secret.objects.get(field="renewal")
    assert stale["refresh"].encode() not in bytes(note.sealed)
    fresh = renew(kept, stale)
    assert refreshed() == 1  # the answer that was kept is taken, the network is not asked again
    assert fresh["access"] != stale["access"]
    assert fresh["refresh"] != stale["refresh"]
    assert not Secret.objects.filter(field="renewal").exists()
    checked = connections.check(actor=Actor.system(_here()), connection_id=kept.pk)
    assert checked.state == Connection.State.ACTIVE
    again = renew(kept)  # and the chain goes on
    assert refreshed() == 2
    assert again["refresh"] != fresh["refresh"]


def test_an_answer_found_late_does_not_lengthen_its_life(
    x: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, _ = x

    def die(*args: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(refreshing, "_save", die)
        with pytest.raises(Killed):
            renew(kept)
    of = credentials.digest(credentials.read(kept))
    answers = list(credentials.renewal(kept).answers)  # type: ignore[union-attr]
    hour_ago = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(credentials.timezone, "now", lambda: hour_ago)
    credentials.keep_answers(kept, of, answers)
    monkeypatch.undo()
    renew(kept)
    kept.refresh_from_db()
    left = kept.expires_at - timezone.now()
    assert timedelta(minutes=58) < left < timedelta(minutes=61)


def test_an_answer_that_never_arrived_is_said_and_posts_can_wait(
    x: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network rotated, nobody has the new tokens: nothing but a person helps."""
    kept, refreshed = x
    stale = credentials.read(kept)
    monkeypatch.setattr(refreshing, "_SECONDS_TO_SAVE", 0.1)
    credentials.begin_renewal(kept, credentials.digest(stale))
    network = providers.get("x")
    with guarded_client() as client:  # the call of the process that died
        network.refresh(stale, client, app=apps.of_connection(kept), host=kept.host)
    with pytest.raises(ConnectionLost, match="was lost"):
        renew(kept)
    assert refreshed() == 1
    kept.refresh_from_db()
    assert kept.state in Connection.DEAD
    assert kinds() == ["connection.created", "connection.expired"]
    assert sandbox.connect(actor=Actor.system(_here()), provider="x", login="maren").pk == kept.pk
    assert not Secret.objects.filter(field="renewal").exists()


def test_a_consent_during_a_renewal_wins(x: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, _ = x
    network = providers.get("x")
    real = network.refresh

    def slow(*args: Any, **kwargs: Any) -> Any:
        answer = real(*args, **kwargs)
        credentials.write(kept, {"access": "by hand", "refresh": "by hand"})
        return answer

    monkeypatch.setattr(type(network), "refresh", lambda self, *a, **kw: slow(*a, **kw))
    assert renew(kept) == {"access": "by hand", "refresh": "by hand"}
    assert credentials.read(kept)["access"] == "by hand"


def test_a_network_that_cannot_be_asked_now_is_asked_later(networks: Networks, x: Any) -> None:
    kept, _ = x
    networks.control("x", scenario="down")
    with pytest.raises(ProviderError) as caught:
        renew(kept)
    assert caught.value.retryable
    networks.control("x", scenario="success")
    assert renew(kept)["access"]
    assert kinds() == ["connection.created"]


class TestAhead:
    """Before anything depends on it."""

    def test_a_share_of_its_life_before_the_end(self) -> None:
        now = timezone.now()
        for life, least, most in (
            (timedelta(hours=2), timedelta(minutes=16), timedelta(minutes=26)),
            (timedelta(days=60), timedelta(days=6), timedelta(days=7)),
            (timedelta(minutes=5), timedelta(minutes=2), timedelta(minutes=2)),
        ):
            row = Connection(renewed_at=now, expires_at=now + life)
            ahead = row.expires_at - refreshing.due_at(row)  # type: ignore[operator]
            assert least <= ahead <= most, life
        assert refreshing.due_at(Connection()) is None

    def test_a_job_stands_ready_and_does_it_once(self, x: Any) -> None:
        kept, refreshed = x
        job = Job.objects.get(action="integrations.refresh_connection")
        assert abs(job.run_at - refreshing.due_at(kept)) < timedelta(seconds=1)  # type: ignore[operator]
        given = {"connection_id": str(kept.pk)}
        actor = Actor.system(_here())
        run = lambda: orchestrator.run(  # noqa: E731
            action="integrations.refresh_connection", actor=actor, input=given
        )
        run()
        assert refreshed() == 0  # too early
        soon = timezone.now() + timedelta(minutes=10)
        Connection.objects.update(expires_at=soon, renewed_at=soon - timedelta(hours=2))
        run()
        assert refreshed() == 1
        run()
        assert refreshed() == 1
        assert Job.objects.filter(action="integrations.refresh_connection").count() == 2

    def test_what_cannot_be_renewed_is_said_once_in_time(
        self, x: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept, _ = x
        monkeypatch.setattr(type(providers.get("x")), "refresh", lambda *a, **kw: None)
        soon = timezone.now() + timedelta(minutes=10)
        Connection.objects.update(expires_at=soon, renewed_at=soon - timedelta(hours=2))
        kept.refresh_from_db()
        assert not refreshing.renew_ahead(connection=kept)
        assert not refreshing.renew_ahead(connection=kept)
        assert kinds() == ["connection.created", "connection.expiring"]
        kept.refresh_from_db()
        assert kept.state == Connection.State.ACTIVE  # it still works
        connections.session(kept).client.close()


def test_the_owner_gets_a_mail_when_an_access_dies(
    x: Any, owner: Any, admin: Any, viewer: Any, in_workspace: Any
) -> None:
    kept, _ = x
    no = ProviderError(ErrorKind.AUTH_REVOKED, "X has ended this sign-in: connect it again.")
    health.report(Actor.system(in_workspace), kept, no)
    event = Event.objects.get(kind="connection.expired")
    warn(event)
    warn(event)  # events come at least once
    job = Job.objects.get(action="integrations.warn_of_connection")
    assert job.run_at is None or job.run_at <= timezone.now()
    orchestrator.run(action=job.action, actor=Actor.system(in_workspace), input=job.input)
    assert sorted(one.to[0] for one in mail.outbox) == [admin.email, owner.email]
    assert "X has ended this sign-in" in mail.outbox[0].body
    assert f"/w/acme/channels/repair/{kept.pk}/" in mail.outbox[0].body
    mail.outbox.clear()
    sandbox.connect(actor=Actor.system(in_workspace), provider="x", login="maren")
    orchestrator.run(action=job.action, actor=Actor.system(in_workspace), input=job.input)
    assert mail.outbox == []  # it is connected again: nothing to write about


def test_an_interface_that_ends_is_announced_as_the_day_comes_nearer(
    x: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = providers.get("x")
    last = date(2027, 3, 1)
    api = network.capabilities.api.model_copy(update={"sunset_on": last, "alarm_days": 60})
    monkeypatch.setitem(
        network.__dict__, "capabilities", network.capabilities.model_copy(update={"api": api})
    )
    told = [
        days
        for days in (90, 61, 60, 59, 31, 30, 29, 14, 8, 7, 3, 1, 0, -1)
        if sunsets.announce(today=last - timedelta(days=days))
    ]
    assert told == [60, 30, 14, 7, 1, 0]
    words = list(
        Event.objects.filter(kind=sunsets.KIND)
        .order_by("sequence")
        .values_list("summary", flat=True)
    )
    assert "ends in 60 days (01 March 2027)" in words[0]
    assert "ends today" in words[-1]


def _here() -> Any:
    return require_workspace()
