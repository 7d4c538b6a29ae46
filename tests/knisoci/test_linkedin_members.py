"""A person's posts on LinkedIn, which nobody may read back: through the engine, once or shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.http import guarded_client
from apps.integrations.providers.base import Content
from apps.integrations.providers.linkedin import publishing as linkedin
from apps.integrations.providers.oauth import OAuthProvider, Token
from apps.integrations.services import connections
from apps.knisoci.services import channels, settling
from tests.knisoci.stage import S, Stage, finish
from tests.support.publishing import sandbox_app


@pytest.fixture
def key() -> str:
    return "linkedin"


@pytest.fixture
def member(stage: Stage, actor: Any) -> Stage:
    """The stage with the person's own account instead of their page."""
    provider = providers.get("linkedin")
    assert isinstance(provider, OAuthProvider)
    app = sandbox_app(stage.network, provider)
    with guarded_client() as client:
        grant = provider.accounts(
            Token(access_token="sandbox-maren"), app=app, host=app.base, client=client
        )
    person = grant.accounts[-1]
    assert person.account.remote_id.startswith("urn:li:person:")
    connection = connections.store(actor=actor, provider="linkedin", connected=person)
    stage.channel = channels.add(actor=actor, connection=connection)
    return stage


@pytest.mark.parametrize("fault", ["accept_then_drop", "error_after_accept"])
def test_a_lost_answer_is_settled_by_the_first_posts_own_name(member: Stage, fault: str) -> None:
    member.control(fault, nth=1)
    done = finish(member, member.target(Content("Only mine")))
    assert (done.state, done.error) == (S.PUBLISHED, "")
    assert member.count() == (1, 0)
    assert done.permalink.endswith(done.remote_id)
    assert done.attempts.get(state="succeeded").was_adopted


def test_a_call_that_never_arrived_is_made_again(member: Stage) -> None:
    member.control("error_before_accept", nth=1)
    done = finish(member, member.target(Content("Not yet there")))
    assert (done.state, done.error) == (S.PUBLISHED, "")
    assert member.count() == (1, 0)


def test_beyond_the_window_it_is_shown_and_a_persons_word_counts(
    member: Stage, actor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linkedin, "REPEAT_TRUSTED", timedelta(0))
    member.control("accept_then_drop", nth=1)
    shown = finish(member, member.target(Content("A person looks")))
    assert shown.state == S.UNCONFIRMED
    assert member.count() == (1, 0)
    settling.confirm(actor=actor, target=shown, is_out=True)
    assert finish(member, shown).state == S.PUBLISHED
    assert member.count() == (1, 0)

    member.control("error_before_accept", nth=1)
    missing = finish(member, member.target(Content("It is not there")))
    assert missing.state == S.UNCONFIRMED
    settling.confirm(actor=actor, target=missing, is_out=False)
    assert finish(member, missing).state == S.PUBLISHED
    assert member.count() == (2, 0)


def test_many_with_every_fault_are_never_doubled_and_never_lost_unseen(member: Stage) -> None:
    targets = [member.target(Content(f"Number {n}")) for n in range(12)]
    member.control("mixed", rate=0.5, seconds=0.1)
    done = [finish(member, target) for target in targets]
    there, doubled = member.count()
    assert doubled == 0
    assert {one.state for one in done} <= {S.PUBLISHED, S.UNCONFIRMED}
    published = sum(one.state == S.PUBLISHED for one in done)
    assert published <= there <= len(done)
