"""An access dies: its owner knows within a minute, by bell and by mail, and no post is lost.

Real processes: a clock, a worker, a mail server, and networks that refuse the access.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.integrations.models import Connection
from apps.integrations.services import refreshing, sandbox
from apps.knisoci.models import Target
from apps.knisoci.services import channels, posts
from apps.orchestrator import services as orchestrator
from apps.studio.models import Notification
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.support.fleet import Fleet, fleet, own_valkey, wait_until
from tests.support.mailbox import Letter, Mailbox, running_mailbox
from tests.support.networks import Networks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PROMISE = 60.0  # seconds from the network's first refusal


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mailbox() as box:
        yield box


@pytest.fixture
def crew(networks: Networks, mailbox: Mailbox, tmp_path: Path) -> Iterator[Fleet]:
    with own_valkey(tmp_path) as (_, url):
        settings = {
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "CANDY_OUTBOUND_ALLOW": f"127.0.0.1:{networks.port}",
            "CANDY_SANDBOX_URL": networks.url,
            "CANDY_EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mailbox.port),
        }
        with fleet(tmp_path, url, **settings) as made:
            made.clock()
            made.worker()
            yield made


def refused_at(networks: Networks, key: str, report: Any) -> float:
    """The moment at which the network first said no, as it counts itself."""
    assert networks.sandbox is not None
    faults = networks.sandbox.simulators[key].faults
    wait_until(lambda: faults["revoked"], 60, report)
    return time.monotonic()


def told(owner: Any, kind: str, connection: Connection, mailbox: Mailbox) -> Letter | None:
    """The mail, once both it and the bell's entry are there."""
    rang = Notification.objects.filter(
        person=owner, kind=kind, subject_id=str(connection.pk), read_at=None
    ).exists()
    letters = [one for one in mailbox.of(owner.email) if str(connection.pk) in one.body]
    return letters[0] if rang and letters else None


@pytest.mark.parametrize("key", ["x", "mastodon"])
def test_a_publication_that_is_refused_tells_the_owner_and_waits_for_the_repair(
    key: str,
    networks: Networks,
    crew: Fleet,
    mailbox: Mailbox,
    workspace: Any,
    owner: Any,
    client_for: Any,
) -> None:
    actor = Actor.system(workspace)
    with workspace_context(workspace):
        kept = sandbox.connect(actor=actor, provider=key, login="maren")
        channel = channels.add(actor=actor, connection=kept)
        now, later = (
            posts.create(
                actor=actor,
                title=title,
                variants=[{"channel": channel, "text": f"{title}, from {key}"}],
            )
            for title in ("Now", "Next week")
        )
        assert networks.sandbox is not None
        networks.sandbox.simulators[key].faults.clear()
        networks.control(key, scenario="revoked")
        posts.schedule(actor=actor, post=later, when=timezone.now() + timedelta(days=7))
        posts.schedule(actor=actor, post=now, when="now")
        first_no = refused_at(networks, key, crew.logs)
        wait_until(
            lambda: told(owner, "connection.expired", kept, mailbox), PROMISE, lambda: _report(crew)
        )
        waited = time.monotonic() - first_no
        assert waited <= PROMISE
        held = Target.objects.filter(state="held", hold_reason="disconnected")
        wait_until(lambda: held.count() == 2, 20, lambda: _report(crew))
        assert networks.posts(key) == 0
        letter = told(owner, "connection.expired", kept, mailbox)
        assert letter is not None
        assert "has to be connected again" in letter.subject
        repair = f"/w/{workspace.slug}/channels/repair/{kept.pk}/"
        assert repair in letter.body

    assert client_for(owner).get(repair, follow=True).status_code == 200
    with workspace_context(workspace):
        networks.control(key, scenario="success")
        assert sandbox.connect(actor=actor, provider=key, login="maren").pk == kept.pk
        out = Target.objects.filter(post=now, state="published")
        wait_until(out.exists, 60, lambda: _report(crew))
        assert Target.objects.get(post=later).state == "scheduled"
        time.sleep(2)  # nothing that was held goes out a second time
        assert networks.posts(key) == 1
        assert not Target.objects.filter(state="failed").exists()
        assert len(mailbox.of(owner.email)) == 1  # one death, one mail


@pytest.mark.parametrize("found_by", ["daily check", "renewal"])
def test_an_access_that_dies_while_nothing_is_published_is_found_and_told(
    found_by: str,
    networks: Networks,
    crew: Fleet,
    mailbox: Mailbox,
    workspace: Any,
    owner: Any,
) -> None:
    actor = Actor.system(workspace)
    with workspace_context(workspace):
        kept = sandbox.connect(actor=actor, provider="x", login="maren")
        assert networks.sandbox is not None
        networks.sandbox.simulators["x"].faults.clear()
        networks.control("x", scenario="revoked")
        if found_by == "daily check":
            kind = "connection.expired"
            orchestrator.enqueue(actor=actor, action="integrations.check_connections", input={})
        else:  # it still works for an hour, and will never be renewed
            kind = "connection.expiring"
            now = timezone.now()
            kept.expires_at, kept.renewed_at = now + timedelta(hours=1), now - timedelta(days=30)
            kept.save()
            refreshing.plan(kept)
        first_no = refused_at(networks, "x", crew.logs)
        wait_until(lambda: told(owner, kind, kept, mailbox), PROMISE, lambda: _report(crew))
        assert time.monotonic() - first_no <= PROMISE
        assert len(mailbox.of(owner.email)) == 1


def _report(crew: Fleet) -> str:
    states = Target.objects.values_list("state", "hold_reason", "error")
    bell = Notification.objects.values_list("kind", "title")
    return f"{list(states)}\n{list(bell)}\n{crew.logs()}"
