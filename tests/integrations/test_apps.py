"""A workspace may bring its own app; tokens stay with the app that got them."""

from __future__ import annotations

from typing import Any

import pytest

from apps.errors import PermissionDenied, ValidationFailed
from apps.integrations import providers
from apps.integrations.errors import AppMissing
from apps.integrations.models import NetworkApp
from apps.integrations.providers.base import Account, Connected, PublishProvider
from apps.integrations.providers.oauth import OAuthProvider
from apps.integrations.services import apps, connections
from apps.orchestrator.models import Event
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

SECRET = "canary-app-c0ffee"


@pytest.fixture
def network(settings: Any) -> PublishProvider:
    """Some network that needs an app; nobody has set one up."""
    settings.CANDY_APPS = {}
    return next(one for one in providers.all_publishers() if isinstance(one, OAuthProvider))


def bring(
    actor: Actor, network: PublishProvider, client_id: str = "own", **more: str
) -> NetworkApp:
    values = {field.name: "x" for field in network.app_fields}
    values |= {"client_id": client_id, "client_secret": SECRET, **more}
    return apps.save(actor=actor, provider=network.key, values=values)


def test_the_workspaces_app_goes_before_the_installations(
    network: PublishProvider, in_workspace: Any, settings: Any
) -> None:
    actor = Actor.system(in_workspace)
    with pytest.raises(AppMissing, match="Settings, Apps"):
        apps.app_for(network, sandbox=False)
    assert apps.source(network) == "missing"
    settings.CANDY_APPS = {network.key: {"client_id": "all", "client_secret": "s"}}
    assert apps.app_for(network, sandbox=False).client_id == "all"
    row = bring(actor, network)
    assert SECRET.encode() not in bytes(row.sealed)
    found = apps.app_for(network, sandbox=False)
    assert (found.client_id, found.client_secret) == ("own", SECRET)
    assert apps.app_for(network, sandbox=True).client_id == apps.SANDBOX.client_id
    apps.remove(actor=actor, provider=network.key)
    assert apps.app_for(network, sandbox=False).client_id == "all"
    assert NetworkApp.objects.count() == 0
    kinds = Event.objects.filter(kind__startswith="connection_app.").values_list("kind", flat=True)
    assert sorted(kinds) == ["connection_app.removed", "connection_app.saved"]


def test_a_replaced_app_stays_for_the_accounts_that_need_it(
    network: PublishProvider, in_workspace: Any
) -> None:
    actor = Actor.system(in_workspace)
    bring(actor, network, "old")
    account = Account("1", "@a", "A", host="https://api.example")
    kept = connections.store(
        actor=actor, provider=network.key, connected=Connected(account, {"access": "a"}),
        app_id="old",
    )  # fmt: skip
    bring(actor, network, "new")
    assert apps.app_for(network, sandbox=False).client_id == "new"
    assert apps.of_connection(kept).client_id == "old"
    apps.remove(actor=actor, provider=network.key)
    assert apps.of_connection(kept).client_id == "old"
    with pytest.raises(AppMissing):
        apps.app_for(network, sandbox=False)
    connections.disconnect(actor=actor, connection_id=kept.pk)
    bring(actor, network, "third")
    assert list(NetworkApp.objects.values_list("client_id", flat=True)) == ["third"]


def test_an_empty_secret_keeps_the_one_that_is_there(
    network: PublishProvider, in_workspace: Any
) -> None:
    actor = Actor.system(in_workspace)
    with pytest.raises(ValidationFailed) as caught:
        bring(actor, network, client_secret="")
    assert caught.value.field == "client_secret"
    bring(actor, network)
    bring(actor, network, client_secret=" ")
    assert apps.app_for(network, sandbox=False).client_secret == SECRET


@pytest.mark.parametrize("role", ["contributor", "viewer"])
def test_who_may_not_changes_nothing(
    network: PublishProvider, in_workspace: Any, actor_for: Any, role: str, request: Any
) -> None:
    actor = actor_for(request.getfixturevalue(role), in_workspace)
    for attempt in (
        lambda: bring(actor, network),
        lambda: apps.remove(actor=actor, provider=network.key),
        lambda: apps.standings(actor=actor),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
    assert NetworkApp.objects.count() == 0


def test_an_app_is_the_workspaces_own(
    network: PublishProvider, workspace: Any, other_workspace: Any
) -> None:
    with workspace_context(workspace):
        bring(Actor.system(workspace), network)
    with workspace_context(other_workspace), pytest.raises(AppMissing):
        apps.app_for(network, sandbox=False)


def test_the_pages_never_show_a_secret(
    network: PublishProvider,
    workspace: Any,
    admin: Any,
    viewer: Any,
    outsider: Any,
    client_for: Any,
) -> None:
    home = f"/w/{workspace.slug}/settings/apps/"
    client = client_for(admin)
    page = client.get(f"{home}{network.key}/")
    assert f"/connect/{network.key}/callback" in page.content.decode()
    values = {field.name: "x" for field in network.app_fields}
    values |= {"client_id": "own-id", "client_secret": ""}
    assert client.post(f"{home}{network.key}/", values).status_code == 422
    values["client_secret"] = SECRET
    assert client.post(f"{home}{network.key}/", values).status_code == 302
    for path in (home, f"{home}{network.key}/"):
        page = client.get(path)
        assert "own-id" in page.content.decode()
        assert SECRET not in page.content.decode()
    for somebody, status in ((viewer, 403), (outsider, 404)):
        for path in (home, f"{home}{network.key}/"):
            assert client_for(somebody).get(path).status_code == status
        assert client_for(somebody).post(f"{home}{network.key}/remove/").status_code == status
    assert client.post(f"{home}{network.key}/remove/").status_code == 302
    assert client.get(f"{home}nowhere/").status_code == 404


def test_the_connect_page_says_when_no_app_is_set_up(
    network: PublishProvider, workspace: Any, admin: Any, client_for: Any, settings: Any
) -> None:
    path = f"/w/{workspace.slug}/channels/connect/{network.key}/"
    page = client_for(admin).get(path).content.decode()
    assert "No app is set up" in page
    assert "Sign in at the sandbox" in page
    settings.CANDY_APPS = {network.key: {"client_id": "all", "client_secret": "s"}}
    page = client_for(admin).get(path).content.decode()
    assert "No app is set up" not in page
    assert f"Sign in with {network.name}" in page
