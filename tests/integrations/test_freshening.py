"""What an account may choose is read again for a form where its network wants that, and only there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.models import Connection
from apps.integrations.services import connections, sandbox
from apps.orchestrator.models import Event
from apps.workspaces.types import Actor
from tests.support.networks import Networks

pytestmark = pytest.mark.django_db(transaction=True)


def forgetful(workspace: Any, key: str, *, age: int, **changes: Any) -> Connection:
    """An account whose choices were lost, and were read `age` seconds ago."""
    row = sandbox.connect(actor=Actor.system(workspace), provider=key, login="maren")
    read_at = timezone.now() - timedelta(seconds=age)
    Connection.objects.filter(pk=row.pk).update(limits={}, last_checked_at=read_at, **changes)
    Event.objects.all().delete()
    row.refresh_from_db()
    return row


def test_what_is_too_old_for_a_form_is_read_again_and_kept(
    in_workspace: Any, networks: Networks
) -> None:
    row = forgetful(in_workspace, "tiktok", age=61)
    connections.freshen(row)
    kept = Connection.objects.get(pk=row.pk)
    assert row.limits == kept.limits
    assert kept.limits
    assert timezone.now() - kept.last_checked_at < timedelta(seconds=30)  # type: ignore[operator]
    assert not Event.objects.exists()  # it is no news
    row.limits = {}
    connections.freshen(row)  # no call within a minute, whoever asks
    assert Connection.objects.get(pk=row.pk).last_checked_at == kept.last_checked_at


@pytest.mark.parametrize(
    ("key", "age"), [("tiktok", 30), ("mastodon", 86_400)], ids=["fresh", "never asked for"]
)
def test_nothing_is_asked_where_nothing_needs_it(
    in_workspace: Any, networks: Networks, key: str, age: int
) -> None:
    row = forgetful(in_workspace, key, age=age)
    connections.freshen(row)
    assert Connection.objects.get(pk=row.pk).limits == {}


@pytest.mark.parametrize("changes", [{"state": "revoked"}, {"host": "http://127.0.0.1:1/tiktok"}])
def test_a_form_is_drawn_whatever_the_network_says(
    in_workspace: Any, networks: Networks, settings: Any, changes: dict[str, str]
) -> None:
    settings.CANDY_OUTBOUND_ALLOW = [*settings.CANDY_OUTBOUND_ALLOW, "127.0.0.1:1"]
    row = forgetful(in_workspace, "tiktok", age=61, **changes)
    before = Connection.objects.values().get(pk=row.pk)
    connections.freshen(row)
    assert Connection.objects.values().get(pk=row.pk) == before
    assert not Event.objects.exists()
    assert providers.get("tiktok").capabilities.publishing.fresh_seconds == 60
