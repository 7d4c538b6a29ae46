"""The voice as a versioned thing: learn, edit, restore, and who may."""

from __future__ import annotations

import pytest

from apps.agents import queries
from apps.agents.errors import EditInvalid, NothingToLearn, NoVoice
from apps.agents.models import VoiceProfile, VoiceVersion
from apps.agents.services import voice
from apps.errors import NotFound, PermissionDenied
from apps.knowledge.services import sources
from apps.orchestrator import services as orchestrator
from tests.agents.brands import KETTLE

pytestmark = pytest.mark.django_db


@pytest.fixture
def learned(actor):
    add_kettle(actor)
    return voice.learn(actor=actor)


def add_kettle(actor):
    for document in KETTLE:
        name = document.source.rpartition("/")[2] + ".txt"
        sources.add_document(actor=actor, name=name, data=document.text.encode())


def test_learning_makes_a_first_version_with_evidence_from_the_documents(learned):
    assert (learned.number, learned.origin) == (1, "learned")
    assert queries.current_version() == learned
    assert learned.voice.scale("formality").evidence[0].source.endswith(".txt")


def test_without_sources_there_is_nothing_to_learn(actor):
    with pytest.raises(NothingToLearn):
        voice.learn(actor=actor)
    assert not VoiceProfile.objects.exists()


def test_without_a_voice_there_is_no_score(actor):
    with pytest.raises(NoVoice):
        voice.score(actor=actor, text="Hello there")


def test_an_edit_is_a_new_version_and_changes_what_writers_are_told(actor, learned):
    edited = voice.edit(
        actor=actor,
        changes={
            "scales": {"formality": 85},
            "avoid": ["yummy", "utilize > use"],
            "prefer": ["brew"],
        },
    )
    data = edited.voice
    assert edited.number == 2
    assert data.scale("formality").edited
    assert "Sound very formal." in data.rules
    assert [(t.text, t.instead, t.by_hand) for t in data.avoid] == [
        ("yummy", "", True), ("utilize", "use", False),
    ]  # fmt: skip
    assert learned.voice.scale("formality").value != 85


def test_an_edit_without_a_change_makes_no_version(actor, learned):
    current = learned.voice
    same = voice.edit(
        actor=actor,
        changes={
            "scales": {scale.key: scale.value for scale in current.scales},
            "rules": current.rules,
        },
    )
    assert same == learned
    assert VoiceVersion.objects.count() == 1


@pytest.mark.parametrize(
    "changes", [{"scales": {"formality": 101}}, {"scales": {"nope": 5}}, {"avoid": ["x" * 81]}]
)
def test_a_bad_edit_is_refused_and_nothing_changes(actor, learned, changes):
    with pytest.raises(EditInvalid):
        voice.edit(actor=actor, changes=changes)
    assert VoiceVersion.objects.count() == 1


def test_learning_again_keeps_what_people_decided(actor, learned):
    voice.edit(actor=actor, changes={"scales": {"energy": 12}, "avoid": ["yummy"]})
    again = voice.learn(actor=actor).voice
    assert again.scale("energy").value == 12
    assert again.avoid[0].text == "yummy"
    assert any(term.text == "leverage" for term in again.avoid)


def test_restoring_brings_a_version_back_as_a_new_one(actor, learned):
    voice.edit(actor=actor, changes={"scales": {"formality": 85}})
    restored = voice.restore(actor=actor, number=1)
    assert (restored.number, restored.origin) == (3, "restored")
    assert restored.voice == learned.voice
    assert queries.current_version() == restored


def test_a_version_that_never_was_cannot_be_restored(actor, learned):
    with pytest.raises(NotFound):
        voice.restore(actor=actor, number=9)


@pytest.mark.parametrize("verb", ["learn", "edit", "restore"])
def test_a_viewer_may_look_and_score_but_not_change(in_workspace, viewer, actor_for, learned, verb):
    looker = actor_for(viewer, in_workspace)
    assert voice.score(actor=looker, text="We blend our teas by hand.").value > 50
    arguments = {"learn": {}, "edit": {"changes": {"rules": []}}, "restore": {"number": 1}}[verb]
    with pytest.raises(PermissionDenied):
        getattr(voice, verb)(actor=looker, **arguments)
    assert VoiceVersion.objects.count() == 1


def test_the_actions_do_the_same(actor):
    add_kettle(actor)
    learned = orchestrator.run(action="agents.learn_voice", actor=actor, input={})
    assert learned.version == 1
    scored = orchestrator.run(
        action="agents.score_text", actor=actor, input={"text": "Leverage synergies!!!"}
    )
    assert scored.value < 40
    assert scored.reasons[0].direction == "hurts"
