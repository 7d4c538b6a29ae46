"""Accounts are connected once, stay alive by themselves, and say so when they die."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.db import connection as database
from django.utils import timezone

from apps.errors import PermissionDenied
from apps.integrations import vault
from apps.integrations.errors import ConnectionLost, SignInInvalid, SignInNotYours
from apps.integrations.models import Connection, RegisteredApp, Secret, SignIn
from apps.integrations.providers.base import App, ErrorKind, ProviderError
from apps.integrations.providers.mastodon.client import MastodonApi
from apps.integrations.services import connections, credentials, sign_ins
from apps.orchestrator import services as orchestrator
from apps.orchestrator import sync
from apps.orchestrator.models import Event
from apps.workspaces.models import Membership
from apps.workspaces.services.provisioning import builtin_role, ensure_system_workspace
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.support.networks import Networks

from .conftest import form_for

PROVIDERS = ["mastodon", "bluesky"]


def kinds() -> list[str]:
    found = Event.objects.filter(kind__startswith="connection.").order_by("sequence")
    return list(found.values_list("kind", flat=True))


def connect(networks: Networks, workspace: Any, provider: str = "bluesky") -> Connection:
    return connections.connect(
        actor=Actor.system(workspace), provider=provider, values=form_for(networks, provider)
    )


@pytest.mark.parametrize("provider", PROVIDERS)
def test_connecting_twice_is_one_account(
    networks: Networks, in_workspace: Any, provider: str
) -> None:
    first = connect(networks, in_workspace, provider)
    connections.disconnect(actor=Actor.system(in_workspace), connection_id=first.pk)
    assert Secret.objects.count() == 0
    with pytest.raises(ConnectionLost):
        connections.session(Connection.objects.get())
    again = connect(networks, in_workspace, provider)
    assert again.pk == first.pk
    assert again.state == Connection.State.ACTIVE
    assert again.is_sandbox
    assert kinds() == ["connection.created", "connection.removed", "connection.restored"]


def test_a_missing_value_is_named_and_nothing_is_kept(
    networks: Networks, in_workspace: Any
) -> None:
    with pytest.raises(ProviderError) as caught:
        connections.connect(
            actor=Actor.system(in_workspace),
            provider="mastodon",
            values=form_for(networks, "mastodon") | {"token": " "},
        )
    assert caught.value.field == "token"
    assert Connection.objects.count() == 0
    assert kinds() == []


@pytest.mark.parametrize("role", ["contributor", "viewer"])
def test_who_may_not_connect_changes_nothing(
    networks: Networks, in_workspace: Any, actor_for: Any, role: str, request: Any
) -> None:
    actor = actor_for(request.getfixturevalue(role), in_workspace)
    for attempt in (
        lambda: connections.connect(
            actor=actor, provider="mastodon", values=form_for(networks, "mastodon")
        ),
        lambda: sign_ins.start(
            actor=actor, provider="mastodon", values=form_for(networks, "mastodon")
        ),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
    assert Connection.objects.count() == SignIn.objects.count() == 0
    assert networks.state("mastodon")["requests"] == {}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_withdrawn_access_is_told_once_and_recovers(
    networks: Networks, in_workspace: Any, provider: str
) -> None:
    actor = Actor.system(in_workspace)
    kept = connect(networks, in_workspace, provider)
    networks.control(provider, scenario="revoked")
    for _ in range(2):
        checked = connections.check(actor=actor, connection_id=kept.pk)
        assert checked.state == Connection.State.REVOKED
        assert checked.last_error
    assert kinds() == ["connection.created", "connection.expired"]
    networks.control(provider, scenario="success")
    assert connect(networks, in_workspace, provider).state == Connection.State.ACTIVE


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_network_out_of_reach_is_an_error_and_no_death(
    networks: Networks, in_workspace: Any, provider: str
) -> None:
    kept = connect(networks, in_workspace, provider)
    networks.control(provider, scenario="down")
    given = {"connection_id": str(kept.pk)}
    answer = orchestrator.run(
        action="integrations.check_connection", actor=Actor.system(in_workspace), input=given
    )
    assert answer.state == "error"
    networks.control(provider, scenario="success")
    answer = orchestrator.run(
        action="integrations.check_connections", actor=Actor.system(in_workspace), input={}
    )
    assert [row.state for row in answer.connections] == ["active"]
    assert kinds() == ["connection.created", "connection.failed", "connection.recovered"]


def test_a_session_that_is_about_to_end_is_renewed_first(
    networks: Networks, in_workspace: Any
) -> None:
    kept = connect(networks, in_workspace)
    with connections.session(kept).client:
        before = credentials.read(kept)
    Connection.objects.update(expires_at=timezone.now() + timedelta(seconds=30))
    kept.refresh_from_db()
    connections.session(kept).client.close()
    after = credentials.read(kept)
    assert after["access"] != before["access"]
    assert after["refresh"] != before["refresh"]
    kept.refresh_from_db()
    assert kept.expires_at > timezone.now() + timedelta(minutes=60)


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_at_once_refresh_once(networks: Networks, workspace: Any) -> None:
    """The refresh token works once: a second refresh would end the session for all."""
    with workspace_context(workspace):
        kept = connect(networks, workspace)
        stale = credentials.read(kept)
    got: list[str] = []
    gate = threading.Barrier(8)

    def work() -> None:
        with workspace_context(workspace):
            from apps.integrations.http import guarded_client

            mine = Connection.objects.get(pk=kept.pk)
            gate.wait()
            with guarded_client() as client:
                fresh = connections.renew(connection=mine, stale=stale, client=client)
            got.append(fresh["access"])
        database.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(got) == 8
    assert len(set(got)) == 1
    assert got[0] != stale["access"]
    with workspace_context(workspace):
        assert Connection.objects.get().state == Connection.State.ACTIVE


def test_a_crash_between_answer_and_save_does_not_lose_the_account(
    networks: Networks, in_workspace: Any
) -> None:
    """Bluesky has rotated the tokens, we never stored the new ones: the app password helps."""
    from apps.integrations import providers
    from apps.integrations.http import guarded_client

    kept = connect(networks, in_workspace)
    stored = credentials.read(kept)
    with guarded_client() as client:
        providers.get("bluesky").refresh(
            stored, client, app=App(""), host=stored["host"]
        )  # its answer is lost
        fresh = connections.renew(connection=kept, stale=stored, client=client)
    assert fresh["access"] != stored["access"]
    checked = connections.check(actor=Actor.system(in_workspace), connection_id=kept.pk)
    assert checked.state == Connection.State.ACTIVE


def test_a_workspace_does_not_see_the_accounts_of_another(
    networks: Networks, workspace: Any, other_workspace: Any
) -> None:
    with workspace_context(workspace):
        connect(networks, workspace)
    with workspace_context(other_workspace):
        assert Connection.objects.count() == Secret.objects.count() == 0


class TestSignIn:
    """The round trip through Mastodon's consent page, in a browser without a browser."""

    def start(self, networks: Networks, actor: Any, **more: Any) -> str:
        values = {"host": f"{networks.url}/mastodon"}
        return sign_ins.start(actor=actor, provider="mastodon", values=values, **more)

    def consent(self, address: str, **choice: str) -> str:
        """The path and query that the network sends the browser back to."""
        page = httpx.get(address)
        assert page.status_code == 200
        assert "Sandbox" in page.text
        approve = address.replace("/oauth/authorize", "/oauth/approve")
        back = httpx.get(approve, params=parse_first(address) | choice)
        assert back.status_code == 302
        parts = urlsplit(back.headers["location"])
        return f"{parts.path}?{parts.query}"

    def test_the_account_is_connected_and_the_person_is_back_where_they_were(
        self, networks: Networks, workspace: Any, admin: Any, actor_for: Any, client_for: Any
    ) -> None:
        with workspace_context(workspace):
            path = f"/w/{workspace.slug}/channels/"
            address = self.start(networks, actor_for(admin, workspace), return_to=path)
        answer = client_for(admin).get(self.consent(address, login="maren"))
        assert (answer.status_code, answer["Location"]) == (302, path)
        with workspace_context(workspace):
            kept = Connection.objects.get()
            assert kept.handle == "@maren@mastodon.sandbox"
            assert "write:statuses" in kept.scopes
            assert kept.created_by_id == admin.pk
            assert "canary" not in str(Secret.objects.get().sealed)

    def test_candy_registers_once_at_a_server_for_all_workspaces(
        self,
        networks: Networks,
        workspace: Any,
        other_workspace: Any,
        admin: Any,
        other_owner: Any,
        actor_for: Any,
        client_for: Any,
    ) -> None:
        asked = []
        for person, place in (
            (admin, workspace),
            (admin, workspace),
            (other_owner, other_workspace),
        ):
            with workspace_context(place):
                asked.append(self.start(networks, actor_for(person, place)))
        assert len({parse_first(address)["client_id"] for address in asked}) == 1
        client_for(other_owner).get(self.consent(asked[-1], login="maren"))
        with workspace_context(other_workspace):
            assert Connection.objects.get().handle == "@maren@mastodon.sandbox"

    def test_an_app_that_the_server_forgot_is_made_anew(
        self, networks: Networks, workspace: Any, admin: Any, actor_for: Any, client_for: Any
    ) -> None:
        with workspace_context(workspace):
            self.start(networks, actor_for(admin, workspace))
        with workspace_context(ensure_system_workspace()):
            row = RegisteredApp.objects.get()
            gone = json.dumps({"client_id": "forgotten", "client_secret": "canary-c0ffee"})
            row.sealed = vault.seal(connection_id=row.pk, field="app", plaintext=gone)
            row.save()
        with workspace_context(workspace):
            again = self.start(networks, actor_for(admin, workspace))
        assert parse_first(again)["client_id"] != "forgotten"
        client_for(admin).get(self.consent(again, login="maren"))
        with workspace_context(workspace):
            assert Connection.objects.count() == 1
        with workspace_context(ensure_system_workspace()):
            assert RegisteredApp.objects.get().pk != row.pk

    def test_a_server_that_does_not_answer_keeps_its_app(
        self, networks: Networks, workspace: Any, admin: Any, actor_for: Any, monkeypatch: Any
    ) -> None:
        def silent(*_: Any, **__: Any) -> None:
            raise ProviderError(ErrorKind.TRANSIENT_SAFE, "away")

        with workspace_context(workspace):
            first = self.start(networks, actor_for(admin, workspace))
            with monkeypatch.context() as patch, pytest.raises(ProviderError) as refused:
                patch.setattr(MastodonApi, "token", silent)
                self.start(networks, actor_for(admin, workspace))
            again = self.start(networks, actor_for(admin, workspace))
        assert refused.value.field == "host"
        assert parse_first(again)["client_id"] == parse_first(first)["client_id"]

    def test_a_state_works_once_for_its_person_only(
        self,
        networks: Networks,
        workspace: Any,
        owner: Any,
        admin: Any,
        outsider: Any,
        other_owner: Any,
        actor_for: Any,
        client_for: Any,
    ) -> None:
        with workspace_context(workspace):
            address = self.start(networks, actor_for(admin, workspace))
        back = self.consent(address, login="maren")
        for somebody in (owner, outsider, other_owner):
            client_for(somebody).get(back)
        with workspace_context(workspace):
            assert Connection.objects.count() == 0
        client_for(admin).get(back)
        client_for(admin).get(back)
        with workspace_context(workspace):
            assert Connection.objects.count() == 1
            assert kinds() == ["connection.created"]

    def test_a_state_is_of_one_workspace(
        self,
        networks: Networks,
        workspace: Any,
        other_workspace: Any,
        admin: Any,
        actor_for: Any,
    ) -> None:
        """The same person, at home in both: what began in one does not end in the other."""
        Membership.objects.create(workspace=other_workspace, user=admin, role=builtin_role("admin"))
        with workspace_context(workspace):
            address = self.start(networks, actor_for(admin, workspace))
        state = sign_ins.read_state(parse_first(address)["state"])
        with workspace_context(other_workspace):
            there = actor_for(admin, other_workspace)
            with pytest.raises(SignInNotYours):
                sign_ins.take(actor=there, provider="mastodon", state=state)
            moved = replace(state, workspace_id=other_workspace.pk)
            with pytest.raises(SignInInvalid):  # nor does the row lie there
                sign_ins.take(actor=there, provider="mastodon", state=moved)
        with workspace_context(workspace):
            here = actor_for(admin, workspace)
            with pytest.raises(SignInInvalid):  # and it is for one network
                sign_ins.take(actor=here, provider="threads", state=state)
            assert sign_ins.take(actor=here, provider="mastodon", state=state).user_id == admin.pk

    def test_who_lost_the_right_meanwhile_connects_nothing(
        self, networks: Networks, workspace: Any, admin: Any, actor_for: Any, client_for: Any
    ) -> None:
        with workspace_context(workspace):
            first = self.start(networks, actor_for(admin, workspace))
            second = self.start(networks, actor_for(admin, workspace))
        Membership.objects.filter(user=admin).update(role=builtin_role("viewer"))
        client_for(admin).get(self.consent(first, login="maren"))
        Membership.objects.filter(user=admin).delete()
        client_for(admin).get(self.consent(second, login="maren"))
        with workspace_context(workspace):
            assert Connection.objects.count() == 0

    def test_each_server_gives_candy_an_app_of_its_own(
        self, networks: Networks, in_workspace: Any, admin: Any, actor_for: Any
    ) -> None:
        """Mastodon has no central registration: the server that was named registers us, and its
        credentials stay with the account."""
        address = self.start(networks, actor_for(admin, in_workspace))
        asked = parse_first(address)
        assert asked["client_id"]
        assert asked["redirect_uri"].endswith("/connect/mastodon/callback")
        state = sign_ins.read_state(asked["state"])
        sign_in = sign_ins.take(
            actor=actor_for(admin, in_workspace), provider="mastodon", state=state
        )
        code = parse_first(self.consent(address, login="maren"))["code"]
        done = sign_ins.finish(actor=actor_for(admin, in_workspace), sign_in=sign_in, code=code)
        held = credentials.read(done.connected[0])
        assert held["client_id"] == asked["client_id"]
        assert held["client_secret"]

    def test_nobody_is_connected_without_a_session(
        self, networks: Networks, workspace: Any, admin: Any, actor_for: Any, client: Any
    ) -> None:
        with workspace_context(workspace):
            address = self.start(networks, actor_for(admin, workspace))
        answer = client.get(self.consent(address, login="maren"))
        assert answer.status_code == 302
        assert "/accounts/login" in answer["Location"]
        with workspace_context(workspace):
            assert Connection.objects.count() == 0

    def test_a_refusal_a_forgery_and_an_old_state_connect_nothing(
        self, networks: Networks, workspace: Any, admin: Any, actor_for: Any, client_for: Any
    ) -> None:
        with workspace_context(workspace):
            address = self.start(networks, actor_for(admin, workspace))
            state = parse_first(address)["state"]
        assert client_for(admin).get(self.consent(address, deny="1")).status_code == 302
        for bad in ("", "x", state[:-2] + "zz"):
            with pytest.raises(SignInInvalid):
                sign_ins.read_state(bad)
            answer = client_for(admin).get(
                "/connect/mastodon/callback", {"state": bad, "code": "c"}
            )
            assert answer.status_code == 302
        with workspace_context(workspace):
            late = self.start(networks, actor_for(admin, workspace))
            SignIn.objects.update(created_at=timezone.now() - timedelta(minutes=11))
        client_for(admin).get(self.consent(late, login="maren"))
        with workspace_context(workspace):
            assert Connection.objects.count() == 0

    def test_the_form_leads_to_the_network_without_a_redirect_that_the_policy_would_stop(
        self, networks: Networks, workspace: Any, admin: Any, client_for: Any
    ) -> None:
        answer = client_for(admin).post(
            f"/w/{workspace.slug}/channels/connect/mastodon/",
            {"sign_in": "1", "oauth-host": f"{networks.url}/mastodon"},
        )
        assert answer.status_code == 200
        address = answer["Refresh"].removeprefix("0; url=")
        assert address.startswith(f"{networks.url}/mastodon/oauth/authorize?")
        client_for(admin).get(self.consent(address, login="maren"))
        with workspace_context(workspace):
            assert Connection.objects.get().handle == "@maren@mastodon.sandbox"

    @pytest.mark.parametrize(
        "target", ["https://evil.example/", "//evil.example", "/w/globex/", "/w/acme/\\evil", ""]
    )
    def test_the_way_back_stays_in_the_workspace(
        self, networks: Networks, workspace: Any, admin: Any, actor_for: Any, target: str
    ) -> None:
        with workspace_context(workspace):
            self.start(networks, actor_for(admin, workspace), return_to=target)
            assert SignIn.objects.get().return_to.startswith(f"/w/{workspace.slug}/")
            assert "evil.example" not in SignIn.objects.get().return_to


@pytest.mark.django_db(transaction=True)
def test_of_callbacks_at_the_same_moment_one_takes_the_sign_in(
    networks: Networks, workspace: Any, admin: Any, actor_for: Any
) -> None:
    """A browser that sends its address twice, or somebody who copied it: it works once."""
    with workspace_context(workspace):
        actor = actor_for(admin, workspace)
        address = sign_ins.start(
            actor=actor, provider="mastodon", values={"host": f"{networks.url}/mastodon"}
        )
    state = sign_ins.read_state(parse_first(address)["state"])
    gate = threading.Barrier(8)
    ends: list[str] = []

    def come_back() -> None:
        with workspace_context(workspace):
            gate.wait()
            try:
                sign_ins.take(actor=actor, provider="mastodon", state=state)
                ends.append("taken")
            except SignInInvalid:
                ends.append("refused")
        database.close()

    threads = [threading.Thread(target=come_back) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(ends) == ["refused"] * 7 + ["taken"]


def test_several_accounts_of_one_network_stand_side_by_side(
    networks: Networks, in_workspace: Any
) -> None:
    actor = Actor.system(in_workspace)
    one, two = (
        connections.connect(
            actor=actor, provider="mastodon", values=form_for(networks, "mastodon", login)
        )
        for login in ("maren", "kestrel")
    )
    assert one.pk != two.pk
    assert credentials.read(one) != credentials.read(two)
    networks.control("mastodon", scenario="revoked", account="maren")
    assert connections.check(actor=actor, connection_id=one.pk).state == "revoked"
    assert connections.check(actor=actor, connection_id=two.pk).state == "active"
    connections.disconnect(actor=actor, connection_id=one.pk)
    connections.session(Connection.objects.get(pk=two.pk)).client.close()


def test_every_workspace_checks_its_accounts_daily() -> None:
    (found,) = [one for one in sync.all_syncs() if one.action == "integrations.check_connections"]
    assert found.every == timedelta(days=1)


def parse_first(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
