"""A consent that speaks for several accounts lets its person choose, once, within ten minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.errors import PermissionDenied, ValidationFailed
from apps.integrations import providers
from apps.integrations.errors import SignInInvalid
from apps.integrations.models import Connection, Secret, SignIn
from apps.integrations.providers.base import Account, Connected, Grant, NotGranted
from apps.integrations.services import connections, credentials, offers, sign_ins
from apps.orchestrator.models import Event
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.support.networks import Networks

CANARY = "canary-pick-51b2"
ENDS = datetime(2027, 1, 2, tzinfo=UTC)


def one(number: int, **credentials: str) -> Connected:
    account = Account(
        str(number), f"@page{number}", f"Page {number}", host="https://one.example",
        limits={"text": 500},
    )  # fmt: skip
    return Connected(account, {"token": f"{CANARY}-{number}", **credentials}, ("write",), ENDS)


@pytest.fixture
def consent(networks: Networks, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Mastodon's sign-in, whose consent gives whatever is asked for; returns how to run one."""
    network = providers.get("mastodon")

    def run(actor: Actor, *accounts: Connected, refused: Any = (), **more: Any) -> Any:
        monkeypatch.setattr(
            type(network), "finish_oauth", lambda *a, **kw: Grant(accounts, tuple(refused))
        )
        address = sign_ins.start(
            actor=actor, provider="mastodon", values={"host": f"{networks.url}/mastodon"}, **more
        )
        state = sign_ins.read_state(parse_qs(urlsplit(address).query)["state"][0])
        sign_in = sign_ins.take(actor=actor, provider="mastodon", state=state)
        return sign_ins.finish(actor=actor, sign_in=sign_in, code="c")

    return run


@pytest.fixture
def person(in_workspace: Any, admin: Any, actor_for: Any) -> Actor:
    return actor_for(admin, in_workspace)


def test_one_account_is_connected_at_once(consent: Any, person: Actor) -> None:
    done = consent(person, one(1), refused=[NotGranted("Page 2", "not ticked")])
    assert [row.handle for row in done.connected] == ["@page1"]
    assert done.offer_id is None
    assert done.refused[0].name == "Page 2"


def test_of_several_the_person_picks_once(consent: Any, person: Actor) -> None:
    done = consent(person, one(1), one(2), one(3), refused=[NotGranted("Page 4", "no right")])
    assert done.connected == ()
    assert Connection.objects.count() == 0
    row = SignIn.objects.get(pk=done.offer_id)
    assert CANARY.encode() not in bytes(row.sealed)
    offer = offers.read(actor=person, sign_in_id=done.offer_id)
    assert [choice.account.name for choice in offer.choices] == ["Page 1", "Page 2", "Page 3"]
    assert [refused.name for refused in offer.refused] == ["Page 4"]
    with pytest.raises(ValidationFailed):
        offers.pick(actor=person, sign_in_id=done.offer_id, numbers=[])
    with pytest.raises(ValidationFailed):
        offers.pick(actor=person, sign_in_id=done.offer_id, numbers=[0, 3])
    assert Connection.objects.count() == 0
    stored = offers.pick(actor=person, sign_in_id=done.offer_id, numbers=[2, 0, 2])
    assert sorted(row.handle for row in stored) == ["@page1", "@page3"]
    kept = Connection.objects.get(handle="@page1")
    assert (kept.limits, kept.scopes, kept.expires_at) == ({"text": 500}, ["write"], ENDS)
    session = connections.session(kept)
    session.client.close()
    assert session.credentials == {"token": f"{CANARY}-1"}
    assert bytes(SignIn.objects.get().sealed) == b""
    with pytest.raises(SignInInvalid):
        offers.pick(actor=person, sign_in_id=done.offer_id, numbers=[1])
    assert Connection.objects.count() == 2


def test_nobody_else_picks_and_nobody_picks_late(
    consent: Any, person: Actor, owner: Any, contributor: Any, actor_for: Any, in_workspace: Any
) -> None:
    done = consent(person, one(1), one(2))
    for other in (actor_for(owner, in_workspace), Actor.system(in_workspace)):
        with pytest.raises(SignInInvalid):
            offers.pick(actor=other, sign_in_id=done.offer_id, numbers=[0])
    with pytest.raises(PermissionDenied):
        offers.pick(
            actor=actor_for(contributor, in_workspace), sign_in_id=done.offer_id, numbers=[0]
        )
    with pytest.raises(SignInInvalid):
        offers.read(actor=person, sign_in_id=uuid4())
    SignIn.objects.update(offered_at=timezone.now() - timedelta(minutes=11))
    with pytest.raises(SignInInvalid):
        offers.pick(actor=person, sign_in_id=done.offer_id, numbers=[0])
    offers.clear()
    assert bytes(SignIn.objects.get().sealed) == b""  # tokens that nobody picked do not stay
    assert Connection.objects.count() == 0


def test_what_is_here_already_is_marked_and_renewed_with_its_history(
    consent: Any, person: Actor
) -> None:
    first = consent(person, one(1)).connected[0]
    done = consent(person, one(1, extra="new"), one(2))
    offer = offers.read(actor=person, sign_in_id=done.offer_id)
    assert [choice.is_connected for choice in offer.choices] == [True, False]
    again = offers.pick(actor=person, sign_in_id=done.offer_id, numbers=[0])
    assert [row.pk for row in again] == [first.pk]
    assert Event.objects.filter(kind="connection.restored").count() == 1


def test_reconnecting_one_account_asks_nothing(consent: Any, person: Actor) -> None:
    first = consent(person, one(2)).connected[0]
    done = consent(person, one(1), one(2), one(3), again=first)
    assert [row.pk for row in done.connected] == [first.pk]
    assert Connection.objects.count() == 1
    other = consent(person, one(1), again=first)
    assert other.connected == ()  # somebody else signed in: the person is asked
    assert other.offer_id is not None


def test_a_consent_without_a_refresh_token_keeps_the_old_one(consent: Any, person: Actor) -> None:
    kept = consent(person, one(1, refresh="r1")).connected[0]
    consent(person, one(1))
    assert credentials.read(kept)["refresh"] == "r1"
    consent(person, one(1, refresh="r2"))
    assert credentials.read(kept)["refresh"] == "r2"
    Connection.objects.update(state=Connection.State.REVOKED)
    consent(person, one(1))
    assert "refresh" not in credentials.read(kept)  # that one is dead
    assert Secret.objects.count() == 1


class TestPage:
    """The same in the browser."""

    def offer(self, consent: Any, actor: Actor, *accounts: Connected, **more: Any) -> str:
        done = consent(actor, *accounts, return_to="/w/acme/channels/", **more)
        return f"/w/acme/channels/pick/{done.offer_id}/"

    def test_choose_and_go_back(
        self, consent: Any, workspace: Any, admin: Any, actor_for: Any, client_for: Any
    ) -> None:
        with workspace_context(workspace):
            path = self.offer(
                consent, actor_for(admin, workspace), one(1), one(2),
                refused=[NotGranted("Page 9", "You have no right to post there.")],
            )  # fmt: skip
        client = client_for(admin)
        page = client.get(path).content.decode()
        assert "Page 1" in page
        assert "You have no right to post there." in page
        assert CANARY not in page
        assert client.post(path).status_code == 422
        answer = client.post(path, {"accounts": ["1"]})
        assert (answer.status_code, answer["Location"]) == (302, "/w/acme/channels/")
        assert client.post(path, {"accounts": ["0"]}).status_code == 302
        with workspace_context(workspace):
            assert [row.handle for row in Connection.objects.all()] == ["@page2"]

    def test_nobody_else_sees_it(
        self,
        consent: Any,
        workspace: Any,
        admin: Any,
        owner: Any,
        viewer: Any,
        outsider: Any,
        other_owner: Any,
        actor_for: Any,
        client_for: Any,
    ) -> None:
        with workspace_context(workspace):
            path = self.offer(consent, actor_for(admin, workspace), one(1), one(2))
        for somebody, status in ((owner, 302), (viewer, 403), (outsider, 404), (other_owner, 404)):
            answer = client_for(somebody).post(path, {"accounts": ["0"]})
            assert answer.status_code == status
        with workspace_context(workspace):
            assert Connection.objects.count() == 0

    def test_nothing_granted_says_why(
        self, consent: Any, workspace: Any, admin: Any, actor_for: Any, client_for: Any
    ) -> None:
        with workspace_context(workspace):
            path = self.offer(
                consent, actor_for(admin, workspace), refused=[NotGranted("Page 9", "Not ticked.")]
            )
        page = client_for(admin).get(path).content.decode()
        assert "Not ticked." in page
        assert 'name="accounts"' not in page
