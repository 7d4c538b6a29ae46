"""The connect page: what it asks for, where it leads, and that the sandbox stays a sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from apps.integrations.models import Connection, SignIn
from apps.integrations.services import connections
from apps.knisoci.models import Target
from apps.knisoci.services import channels, posts
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.support.networks import Networks

from .conftest import run


def test_every_network_that_signs_in_has_a_sandbox_button(
    network: Networks, workspace: Any, admin: Any, client_for: Any
) -> None:
    client = client_for(admin)
    for key in ("mastodon", "threads", "x", "youtube"):
        path = f"/w/{workspace.slug}/channels/connect/{key}/"
        assert "Sign in at the sandbox" in client.get(path).content.decode()
        answer = client.post(path, {"sign_in": "1", "sandbox": "1"})
        assert answer["Refresh"].startswith(f"0; url={network.url}/{key}/")
    with workspace_context(workspace):
        assert SignIn.objects.count() == 4


def test_in_the_sandbox_no_form_leads_to_a_real_network(
    network: Networks, workspace: Any, admin: Any, client_for: Any
) -> None:
    client = client_for(admin)
    page = client.get(f"/w/{workspace.slug}/channels/connect/x/?sandbox=1").content.decode()
    assert "(sandbox)" in page
    assert "api_key_secret" not in page
    workspace.is_sandbox = True
    workspace.save()
    real = {"host": "https://mastodon.example", "token": "sandbox-maren"}
    answer = client.post(f"/w/{workspace.slug}/channels/connect/mastodon/", real)
    assert answer.status_code == 302
    with workspace_context(workspace):
        assert Connection.objects.get().host.startswith(network.url)
    typed = dict.fromkeys(("api_key", "api_key_secret", "access_token"), "x")
    typed["access_token_secret"] = "x"
    assert client.post(f"/w/{workspace.slug}/channels/connect/x/", typed).status_code == 422


@pytest.mark.parametrize(("login", "status"), [("maren", 302), ("kestrel", 422)])
def test_reconnecting_takes_the_same_account_only(
    network: Networks, workspace: Any, admin: Any, client_for: Any, login: str, status: int
) -> None:
    values = {"host": f"{network.url}/mastodon", "token": "sandbox-maren"}
    with workspace_context(workspace):
        actor = Actor.system(workspace)
        kept = connections.connect(actor=actor, provider="mastodon", values=values)
    path = f"/w/{workspace.slug}/channels/connect/mastodon/?again={kept.pk}"
    client = client_for(admin)
    assert f'value="{kept.pk}"' in client.get(path).content.decode()
    again = {**values, "token": f"sandbox-{login}", "again": str(kept.pk)}
    assert client.post(path, again).status_code == status
    with workspace_context(workspace):
        assert Connection.objects.count() == 1


def test_an_account_that_comes_back_keeps_its_channel_and_what_it_published(
    network: Networks, workspace: Any, admin: Any, client_for: Any
) -> None:
    values = {"host": f"{network.url}/mastodon", "token": "sandbox-maren"}
    with workspace_context(workspace):
        actor = Actor.system(workspace)
        kept = connections.connect(actor=actor, provider="mastodon", values=values)
        channel = channels.add(actor=actor, connection=kept)
        post = posts.create(
            actor=actor, title="Before", variants=[{"channel": channel, "text": "Before"}]
        )
        posts.schedule(actor=actor, post=post, when="now")
        run(Target.objects.select_related("channel__connection", "post", "variant").get())
        connections.disconnect(actor=actor, connection_id=kept.pk)
        back = connections.connect(actor=actor, provider="mastodon", values=values)
        assert back.pk == kept.pk
        assert channels.add(actor=actor, connection=back).pk == channel.pk
        target = Target.objects.get()
        assert (target.state, target.channel_id) == ("published", channel.pk)
    client = client_for(admin)
    receipt = client.get(f"/w/{workspace.slug}/publications/{target.pk}/").content.decode()
    assert "/api/v1/statuses" in receipt
