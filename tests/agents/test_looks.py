"""Knowledge, voice and models in a real browser: nobody is shut out, nothing spills over."""

from __future__ import annotations

import pytest

from apps.agents.services import voice
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.agents.test_voice_versions import add_kettle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = [
    "knowledge",
    "knowledge/add",
    "knowledge/brand",
    "voice",
    "voice/edit",
    "voice/history",
    "voice/history/2",
    "settings/models",
    "settings/models/add",
]


@pytest.fixture
def learned(workspace):
    with workspace_context(workspace):
        actor = Actor.system(workspace)
        add_kettle(actor)
        voice.learn(actor=actor)
        voice.edit(actor=actor, changes={"scales": {"formality": 80}, "avoid": ["yummy > good"]})
    return workspace


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_pages_shut_nobody_out_and_fit(theme, width, learned, owner, look):
    for page in PAGES:
        with look(f"/w/acme/{page}", user=owner, theme=theme, width=width) as sight:
            assert sight.serious() == [], page
            assert sight.overflow() <= 0, page
            assert sight.complaints == [], page


def test_a_score_shows_beside_the_text_without_leaving_the_page(learned, owner, look):
    with look("/w/acme/voice", user=owner) as sight:
        page = sight.page
        page.fill("#id_text", "Such yummy tea!!! We leverage synergies.")
        page.click("text=Score it")
        page.wait_for_selector("#score-box progress")
        assert page.inner_text("#score-box mark >> nth=0") == "yummy"
        assert page.input_value("#id_text").startswith("Such yummy")
        assert sight.serious() == []
        page.click("[aria-label=Why] >> nth=0")
        assert page.is_visible("text=Heard in")
        assert sight.serious() == []


def test_what_is_typed_stays_when_the_voice_is_learned_meanwhile(learned, owner, look):
    with look("/w/acme/voice", user=owner) as sight:
        page = sight.page
        page.fill("#id_text", "Half a sentence")
        page.evaluate("document.querySelector('#voice-live').dataset.before = 1")
        page.evaluate(
            "document.querySelector('#voice-live').dispatchEvent(new Event('candy:refresh'))"
        )
        page.wait_for_selector("#voice-live:not([data-before])")
        assert page.input_value("#id_text") == "Half a sentence"
        page.click("text=Score it")
        page.wait_for_selector("#score-box progress")
        assert sight.complaints == []
