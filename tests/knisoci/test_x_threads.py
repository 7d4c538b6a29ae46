"""X may refuse an answer to one's own post: the thread ends there, what is out stays out."""

from __future__ import annotations

from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.http import guarded_client
from apps.integrations.providers.base import Content, Piece
from apps.integrations.providers.oauth import OAuthProvider, Token
from apps.integrations.services import connections
from apps.knisoci.services import channels
from tests.knisoci.stage import S, Stage, finish
from tests.support.publishing import sandbox_app


@pytest.fixture
def key() -> str:
    return "x"


@pytest.fixture
def muted(stage: Stage, actor: Any) -> Stage:
    """The stage with an account that X lets answer nobody, itself included."""
    provider = providers.get("x")
    assert isinstance(provider, OAuthProvider)
    app = sandbox_app(stage.network, provider)
    token = Token(access_token="sandbox-newsdesk:noreply")
    with guarded_client() as client:
        (found,) = provider.accounts(token, app=app, host=app.base, client=client).accounts
    connection = connections.store(actor=actor, provider="x", connected=found)
    stage.channel = channels.add(actor=actor, connection=connection)
    return stage


@pytest.mark.parametrize(
    "content",
    [
        Content("Part one", thread=(Piece("Part two"), Piece("Part three"))),
        Content("A post", first_comment="https://example.com"),
    ],
)
def test_a_refused_answer_leaves_the_post_published_and_says_what_is_missing(
    muted: Stage, content: Content
) -> None:
    done = finish(muted, muted.target(content))
    assert done.state == S.PUBLISHED
    assert done.parts_done == 1
    assert "Part 2 of" in done.error
    assert "stays" in done.error
    assert done.permalink
    assert muted.count() == (1, 0)
