"""The channels page says how each account stands and offers the click that mends it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.integrations.errors import ConnectionLost
from apps.integrations.events import wake_real_accounts
from apps.integrations.models import Connection
from apps.integrations.providers.base import Account, Connected
from apps.integrations.services import connections
from apps.knisoci.models import Channel
from apps.knisoci.services import channels
from apps.orchestrator.models import Event
from apps.workspaces.services import lifecycle
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor


def account(workspace: Any, number: int = 1, provider: str = "threads") -> Channel:
    who = Account(str(number), f"@a{number}", f"Page {number}", host="https://api.example")
    actor = Actor.system(workspace)
    kept = connections.store(
        actor=actor,
        provider=provider,
        connected=Connected(who, {"access": "x"}, ("threads_basic",)),
    )
    return channels.add(actor=actor, connection=kept)


@pytest.mark.parametrize(
    ("changes", "said", "click"),
    [
        (
            {"state": "revoked", "last_error": "It was ended there."},
            "It was ended there.",
            "again=",
        ),
        ({"state": "error", "last_error": "No answer."}, "No answer.", "/check/"),
        ({}, "Access does not end", None),
    ],
)
def test_what_is_wrong_and_what_mends_it(
    workspace: Any, admin: Any, client_for: Any, changes: Any, said: str, click: str | None
) -> None:
    with workspace_context(workspace):
        channel = account(workspace)
        Connection.objects.update(**changes)
    client = client_for(admin)
    for path in ("channels/", f"channels/{channel.pk}/"):
        page = client.get(f"/w/{workspace.slug}/{path}").content.decode()
        assert said in page
        if click:
            assert click in page
    assert "1 permission granted" in page  # the channel's own page has what was granted
    assert "threads_basic" in page
    page = client.get(f"/w/{workspace.slug}/channels/").content.decode()
    assert ("Reconnect<" in page) == bool(changes.get("state") == "revoked")
    assert "of 250" in page  # the quota of the capability file


def test_an_end_that_candy_cannot_prevent_is_said(
    workspace: Any, admin: Any, viewer: Any, client_for: Any
) -> None:
    with workspace_context(workspace):
        account(workspace)
        ends = timezone.now() + timedelta(days=3)
        Connection.objects.update(expires_at=ends, warned_for=ends)
    assert (
        "Sign in again<" in client_for(admin).get(f"/w/{workspace.slug}/channels/").content.decode()
    )
    page = client_for(viewer).get(f"/w/{workspace.slug}/channels/").content.decode()
    assert "sign in again before" in page
    assert "Sign in again<" not in page  # a viewer cannot


def test_the_page_costs_no_more_with_more_accounts(
    workspace: Any, admin: Any, client_for: Any
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(database) as seen:
            assert client.get(f"/w/{workspace.slug}/channels/").status_code == 200
        return len([q for q in seen.captured_queries if "search_path" not in q["sql"]])

    client = client_for(admin)
    with workspace_context(workspace):
        account(workspace, 1)
        account(workspace, 1, "x")
    cost()  # the first look is noted
    few = cost()
    with workspace_context(workspace):
        for number in range(2, 12):
            account(workspace, number)
            account(workspace, number, "x")
    assert cost() == few


class TestSandboxMode:
    """A workspace in sandbox mode says so, and touches no real account."""

    def test_real_accounts_rest_until_it_ends(
        self, workspace: Any, admin: Any, client_for: Any
    ) -> None:
        with workspace_context(workspace):
            kept = account(workspace).connection
        client = client_for(admin)
        path = f"/w/{workspace.slug}/settings/workspace/sandbox/"
        assert client.post(path, {"is_sandbox": "on"}).status_code == 302
        workspace.refresh_from_db()
        assert workspace.is_sandbox
        assert "Sandbox workspace" in client.get(f"/w/{workspace.slug}/channels/").content.decode()
        with workspace_context(workspace), pytest.raises(ConnectionLost, match="sandbox mode"):
            connections.session(kept)
        client.post(path)
        workspace.refresh_from_db()
        with workspace_context(workspace):
            connections.session(kept).client.close()
            wake_real_accounts(Event.objects.filter(kind="workspace.changed").latest("sequence"))
            assert Event.objects.filter(kind="connection.recovered").count() == 1

    def test_who_may_not_changes_nothing(
        self, workspace: Any, contributor: Any, outsider: Any, client_for: Any, actor_for: Any
    ) -> None:
        path = f"/w/{workspace.slug}/settings/workspace/sandbox/"
        assert client_for(contributor).post(path, {"is_sandbox": "on"}).status_code == 403
        assert client_for(outsider).post(path, {"is_sandbox": "on"}).status_code == 404
        workspace.refresh_from_db()
        assert not workspace.is_sandbox

    def test_switching_twice_says_it_once(self, workspace: Any) -> None:
        actor = Actor.system(workspace)
        for _ in range(2):
            lifecycle.set_sandbox(actor=actor, is_sandbox=True)
        with workspace_context(workspace):
            told = Event.objects.filter(kind="workspace.changed")
            assert [event.data["is_sandbox"] for event in told] == [[False, True]]
