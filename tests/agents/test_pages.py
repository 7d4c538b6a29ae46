"""The voice pages and the settings of models: roles, forms, fragments."""

from __future__ import annotations

import pytest

from apps.agents import queries
from apps.agents.models import Budget, ModelKey, VoiceVersion
from apps.agents.services import voice
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.agents.test_voice_versions import add_kettle

pytestmark = pytest.mark.django_db

VOICE = "/w/acme/voice"
MODELS = "/w/acme/settings/models"


@pytest.fixture
def learned(workspace):
    with workspace_context(workspace):
        actor = Actor.system(workspace)
        add_kettle(actor)
        voice.learn(actor=actor)
        return voice.edit(actor=actor, changes={"scales": {"formality": 80}, "avoid": ["yummy"]})


def test_before_anything_was_read_the_page_points_to_sources(client_for, owner):
    assert "Nothing to listen to yet" in client_for(owner).get(VOICE).content.decode()


def test_with_sources_the_voice_can_be_learned_by_one_button(client_for, owner, workspace):
    with workspace_context(workspace):
        add_kettle(Actor.system(workspace))
    client = client_for(owner)
    assert "Ready to listen" in client.get(VOICE).content.decode()
    assert client.post(f"{VOICE}/learn").status_code == 302
    assert "Score a text" in client.get(VOICE).content.decode()


def test_learning_from_too_little_says_so_and_breaks_nothing(client_for, owner, workspace):
    from apps.knowledge.services import sources

    with workspace_context(workspace):
        sources.add_document(actor=Actor.system(workspace), name="a.txt", data=b"Just this line.")
    answer = client_for(owner).post(f"{VOICE}/learn", follow=True)
    assert answer.status_code == 200
    assert "at least 120 are needed" in answer.content.decode()


def test_the_profile_shows_scales_with_their_evidence(client_for, viewer, learned):
    body = client_for(viewer).get(VOICE).content.decode()
    assert "Heard in" in body
    assert "about.txt" in body
    assert "set by hand" in body
    assert f"{VOICE}/edit" not in body


def test_the_profile_is_cheap(client_for, owner, learned, django_assert_max_num_queries):
    client = client_for(owner)
    client.get(VOICE)
    with django_assert_max_num_queries(12):
        client.get(VOICE)


def test_a_score_comes_with_reasons_and_marks_the_place(client_for, viewer, learned):
    answer = client_for(viewer).post(
        f"{VOICE}/score", {"text": "Such yummy tea!!!"}, headers={"HX-Request": "true"}
    )
    body = answer.content.decode()
    assert answer.status_code == 200
    assert "<mark" in body
    assert "yummy</mark>" in body
    assert "<html" not in body


def test_a_score_of_nothing_is_refused_with_the_form(client_for, viewer, learned):
    answer = client_for(viewer).post(
        f"{VOICE}/score", {"text": "  "}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()


def test_markup_in_a_scored_text_stays_text(client_for, owner, learned):
    answer = client_for(owner).post(
        f"{VOICE}/score", {"text": "<img src=x onerror=alert(1)> yummy"}
    )
    assert "<img src=x" not in answer.content.decode()


def form_of(version):
    values = {f"scale_{scale.key}": scale.value for scale in version.voice.scales}
    return values | {
        "prefer": "\n".join(term.text for term in version.voice.prefer),
        "avoid": "\n".join(term.text for term in version.voice.avoid),
        "rules": "\n".join(version.voice.rules),
    }


def test_editing_makes_a_version_and_saving_unchanged_makes_none(
    client_for, owner, workspace, learned
):
    client = client_for(owner)
    assert client.post(f"{VOICE}/edit", form_of(learned)).status_code == 302
    with workspace_context(workspace):
        assert VoiceVersion.objects.count() == 2
    client.post(f"{VOICE}/edit", {**form_of(learned), "scale_energy": 10})
    with workspace_context(workspace):
        assert queries.current_version().voice.scale("energy").value == 10


def test_a_bad_edit_keeps_what_was_typed(client_for, owner, workspace, learned):
    values = {**form_of(learned), "scale_energy": 500, "avoid": "my own word"}
    answer = client_for(owner).post(f"{VOICE}/edit", values)
    assert answer.status_code == 422
    assert "my own word" in answer.content.decode()
    with workspace_context(workspace):
        assert VoiceVersion.objects.count() == 2


def test_history_compares_and_restores(client_for, owner, workspace, learned):
    client = client_for(owner)
    assert "Version 2" in client.get(f"{VOICE}/history").content.decode()
    body = client.get(f"{VOICE}/history/2").content.decode()
    assert "Tone: casual – formal" in body
    assert client.post(f"{VOICE}/history/1/restore").status_code == 302
    with workspace_context(workspace):
        assert queries.current_version().number == 3
    assert client.get(f"{VOICE}/history/99").status_code == 404


@pytest.mark.parametrize("path", ["learn", "edit", "history/1/restore"])
def test_a_viewer_changes_nothing(client_for, viewer, workspace, learned, path):
    assert client_for(viewer).post(f"{VOICE}/{path}", {}).status_code == 403
    with workspace_context(workspace):
        assert VoiceVersion.objects.count() == 2


@pytest.mark.parametrize("path", [VOICE, f"{VOICE}/history", f"{VOICE}/score", MODELS])
def test_people_of_elsewhere_do_not_get_in(client_for, outsider, other_owner, learned, path):
    for person in (outsider, other_owner):
        assert client_for(person).get(path).status_code in (403, 404)


def test_only_those_who_manage_models_see_them(client_for, admin, contributor, viewer):
    assert client_for(admin).get(MODELS).status_code == 200
    for person in (contributor, viewer):
        assert client_for(person).get(MODELS).status_code == 403
        assert client_for(person).post(f"{MODELS}/budget", {"budget": "5"}).status_code == 403


def test_the_budget_is_set_in_dollars_and_lifted_by_emptying_it(client_for, admin, workspace):
    client = client_for(admin)
    assert client.post(f"{MODELS}/budget", {"budget": "12.50"}).status_code == 302
    with workspace_context(workspace):
        assert Budget.objects.get().monthly_micros == 12_500_000
    assert "12.50" in client.get(MODELS).content.decode()
    client.post(f"{MODELS}/budget", {"budget": ""})
    with workspace_context(workspace):
        assert Budget.objects.get().monthly_micros is None


def test_a_bad_budget_changes_nothing(client_for, admin, workspace):
    answer = client_for(admin).post(f"{MODELS}/budget", {"budget": "-3"})
    assert answer.status_code == 422
    with workspace_context(workspace):
        assert not Budget.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"provider": "openai", "model": "gpt-5-mini"}, "api_key"),
        ({"provider": "openai", "model": "two words", "api_key": "sk-x"}, "model"),
        ({"provider": "openai", "model": "m", "base_url": "ftp://x"}, "base_url"),
        ({"provider": "martian", "model": "m", "api_key": "k"}, "provider"),
    ],
)
def test_a_wrong_model_is_refused_at_its_field_and_not_kept(
    client_for, admin, workspace, values, field
):
    answer = client_for(admin).post(f"{MODELS}/add", values)
    body = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in body
    with workspace_context(workspace):
        assert not ModelKey.objects.exists()
