"""The composer while it saves by itself: what a person chose, and said yes to, is never lost to a save."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Dialog, Page, Route, expect

from apps.integrations.models import Connection
from apps.knisoci.models import Post, Target
from apps.knisoci.services import channels
from apps.knisoci.transitions import TargetState
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SAVED = ".composer-saved >> text=Draft saved"


@pytest.fixture
def compose(workspace: Any, owner: Any, look: Callable[..., Any]) -> Any:
    """An empty composer with X, which has a price, already chosen."""
    with workspace_context(workspace):
        connection = Connection.objects.create(
            provider="x", host="https://x.example", remote_id="1", handle="@maren", name="Maren"
        )
        channels.add(actor=Actor.system(workspace), connection=connection)
    with look("/w/acme/compose/", user=owner) as sight:
        sight.page.wait_for_load_state("networkidle")
        yield sight
        assert sight.complaints == []


def test_a_yes_that_comes_after_a_save_publishes(compose: Any, workspace: Any) -> None:
    page = compose.page
    with page.expect_response(_is_save):
        page.fill("#text", "Rhubarb season")
    page.wait_for_selector(SAVED)
    page.get_by_role("button", name="Publish now").click()
    question = page.locator("dialog[open]")
    expect(question).to_contain_text("The networks charge $0.015 for it.")
    with page.expect_response(_is_save):
        page.evaluate("document.forms.composer.dispatchEvent(new Event('composer:save'))")
    question.get_by_role("button", name="Publish").click()
    page.wait_for_url(re.compile(r"/posts/[0-9a-f-]+/$"))
    with workspace_context(workspace):
        assert Target.objects.get().state == TargetState.SCHEDULED


def test_publishing_waits_for_a_save_under_way_and_asks_once(compose: Any, workspace: Any) -> None:
    page, held = compose.page, []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/compose/save/", hold)
    page.fill("#text", "Rhubarb season")
    _until(page, lambda: held)
    page.get_by_role("button", name="Publish now").click()
    page.locator("dialog[open]").get_by_role("button", name="Publish").click()
    page.wait_for_timeout(300)
    with workspace_context(workspace):
        assert not Post.objects.exists(), "the save that makes the draft has not come through"
    held[0].continue_()
    page.wait_for_url(re.compile(r"/posts/[0-9a-f-]+/$"))
    with workspace_context(workspace):
        assert Target.objects.get().state == TargetState.SCHEDULED
        assert Post.objects.count() == 1


def test_the_chosen_time_stays_while_the_text_goes_on(compose: Any, workspace: Any) -> None:
    page = compose.page
    due = (timezone.now() + timedelta(days=3)).replace(minute=25, second=0, microsecond=0)
    page.fill("#text", "Rhubarb season")
    page.wait_for_selector(SAVED)
    page.fill("#at", f"{due:%Y-%m-%dT%H:%M}")
    with page.expect_response(_is_save):
        page.fill("#text", "Rhubarb season begins")
    page.wait_for_selector(SAVED)
    assert page.input_value("#at") == f"{due:%Y-%m-%dT%H:%M}"
    page.get_by_role("button", name="Schedule").click()
    page.wait_for_url("**/calendar/**")
    with workspace_context(workspace):
        assert Target.objects.get().due_at == due


def test_a_refused_time_stays_in_its_field(compose: Any) -> None:
    page = compose.page
    page.fill("#text", "Rhubarb season")
    page.wait_for_selector(SAVED)
    page.fill("#at", "2020-02-02T10:10")
    page.get_by_role("button", name="Schedule").click()
    expect(page.locator(".composer-saved .text-danger")).to_be_visible()
    assert page.input_value("#at") == "2020-02-02T10:10"
    compose.complaints.clear()  # the browser's own words on a 422


def test_a_save_whose_answer_was_lost_makes_no_second_draft(compose: Any, workspace: Any) -> None:
    page, lost = compose.page, []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)  # it arrives, its answer does not
        route.abort()

    page.route("**/compose/save/", lose, times=1)
    page.fill("#text", "Rhubarb")
    page.wait_for_selector(".composer-saved >> text=Not saved yet")
    page.fill("#text", "Rhubarb season")
    page.wait_for_selector(SAVED)
    assert lost == [200]
    with workspace_context(workspace):
        assert [target.variant.text for target in Target.objects.all()] == ["Rhubarb season"]
        assert Post.objects.count() == 1
    compose.complaints.clear()  # the browser's own words on the answer that was lost


def test_what_was_refused_is_not_left_behind_without_a_question(compose: Any) -> None:
    page, asked = compose.page, []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.fill("#text", "x" * 100_001)
    expect(page.locator(".composer-saved .text-danger")).to_be_visible()
    page.close(run_before_unload=True)
    _until(page, lambda: asked)
    assert asked == ["beforeunload"]
    compose.complaints.clear()  # the browser's own words on a 422


def _is_save(response: Any) -> bool:
    return bool(response.url.endswith("/compose/save/"))


def _until(page: Page, holds: Callable[[], Any]) -> None:
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come")
