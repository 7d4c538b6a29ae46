"""Every allowed action can be found and run from the command bar, with a form of its own."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from urllib.parse import unquote

import pytest
from pydantic import BaseModel, Field

from apps.errors import ValidationFailed
from apps.orchestrator import Effect, Face, registry
from apps.orchestrator.models import Job
from apps.orchestrator.registry import action
from apps.studio.web.action_forms import form_for
from apps.workspaces.tenancy import workspace_context


class Tone(StrEnum):
    CALM = "calm"
    LOUD = "loud"


class Wish(BaseModel):
    headline: str = Field(max_length=60, description="What it is about")
    body: str = ""
    tone: Tone = Tone.CALM
    copies: int = Field(default=1, ge=1, le=5)
    at: datetime | None = None
    urgent: bool = False
    tags: list[str] = []


class Granted(BaseModel):
    headline: str
    copies: int


@pytest.fixture
def wishes():
    """Two actions for the test alone: one that is waited for, one that becomes a job."""

    @action(key="test.grant_wish", title="Grant a wish", permission="projects.manage", timeout=5)
    def grant(ctx, input: Wish) -> Granted:
        if input.headline == "everything":
            raise ValidationFailed("That is too much to ask.", field="headline")
        return Granted(headline=input.headline, copies=input.copies)

    @action(key="test.think_long", title="Think long", permission="projects.manage", queue="ai",
            effect=Effect.IDEMPOTENT)  # fmt: skip
    def think(ctx, input: Wish) -> None:
        raise AssertionError("only queued here")

    @action(key="test.hidden", title="Hidden wish", permission="projects.manage", faces=[Face.API])
    def hidden(ctx) -> None: ...

    yield
    for key in ("test.grant_wish", "test.think_long", "test.hidden"):
        registry.forget(key)


def test_the_form_follows_the_input_model(wishes):
    form = form_for(registry.get("test.grant_wish"))
    fields = form.fields
    assert list(fields) == ["headline", "body", "tone", "copies", "at", "urgent", "tags"]
    assert fields["headline"].required
    assert fields["headline"].help_text == "What it is about"
    assert [value for value, _ in fields["tone"].choices] == ["calm", "loud"]
    assert (fields["copies"].min_value, fields["copies"].max_value) == (1, 5)
    assert not fields["at"].required
    assert fields["tone"].initial == "calm"


def test_lists_are_one_a_line_and_empty_fields_are_left_to_the_model(wishes):
    form = form_for(
        registry.get("test.grant_wish"),
        {"headline": "Snow", "tone": "loud", "copies": "", "tags": " one \n\ntwo"},
    )
    assert form.is_valid(), form.errors
    assert form.values() == {
        "headline": "Snow", "tone": "loud", "urgent": False, "tags": ["one", "two"],
    }  # fmt: skip


def test_it_is_found_by_its_words(workspace, contributor, client_for, wishes):
    client = client_for(contributor)
    assert "Grant a wish" in client.get("/w/acme/command?q=gra+wi").content.decode()
    assert "Grant a wish" not in client.get("/w/acme/command?q=zebra").content.decode()
    assert "Hidden wish" not in client.get("/w/acme/command?q=hidden").content.decode()


def test_those_who_may_not_do_not_find_it_and_cannot_run_it(workspace, viewer, client_for, wishes):
    client = client_for(viewer)
    assert "Grant a wish" not in client.get("/w/acme/command?q=wish").content.decode()
    assert client.get("/w/acme/actions/test.grant_wish").status_code == 403
    sent = client.post("/w/acme/actions/test.think_long", {"headline": "Snow", "tone": "calm"})
    assert sent.status_code == 403
    with workspace_context(workspace):
        assert not Job.objects.exists()


def test_other_faces_only_means_not_here(workspace, owner, client_for, wishes):
    assert client_for(owner).get("/w/acme/actions/test.hidden").status_code == 404
    assert client_for(owner).get("/w/acme/actions/no.such").status_code == 404


def test_a_short_action_is_waited_for_and_its_result_shown(
    workspace, contributor, client_for, wishes
):
    response = client_for(contributor).post(
        "/w/acme/actions/test.grant_wish", {"headline": "Snow", "tone": "calm", "copies": "3"}
    )
    assert response.status_code == 200
    assert "<dd>Snow</dd>" in response.content.decode()
    with workspace_context(workspace):
        assert not Job.objects.exists()


def test_a_long_action_becomes_a_job(workspace, contributor, client_for, wishes):
    response = client_for(contributor).post(
        "/w/acme/actions/test.think_long", {"headline": "Snow", "tone": "calm", "copies": "2"}
    )
    assert "Started." in response.content.decode()
    with workspace_context(workspace):
        job = Job.objects.get()
    assert job.action == "test.think_long"
    assert job.input["headline"] == "Snow"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"headline": "", "tone": "calm"}, "This field is required."),
        ({"headline": "Snow", "tone": "calm", "copies": "9"}, "less than or equal to 5"),
        ({"headline": "everything", "tone": "calm"}, "That is too much to ask."),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_lost(
    workspace, contributor, client_for, wishes, sent, words
):
    response = client_for(contributor).post(
        "/w/acme/actions/test.grant_wish", {**sent, "body": "keep me"}
    )
    assert response.status_code == 422
    html = response.content.decode()
    assert words in html
    assert "keep me" in html
    assert 'aria-invalid="true"' in html


def test_htmx_gets_the_words_of_a_refusal_in_a_header(workspace, viewer, client_for, wishes):
    response = client_for(viewer).get(
        "/w/acme/actions/test.grant_wish", headers={"HX-Request": "true"}
    )
    assert response.status_code == 403
    assert "does not allow this" in unquote(response["X-Candy-Message"])
