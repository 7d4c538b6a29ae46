"""The social suite and the library in a real browser: nobody is shut out, nothing is too wide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.integrations.models import Connection
from apps.integrations.providers import all_publishers
from apps.knisoci.models import Target, Variant
from apps.knisoci.services import campaigns, channels, posts
from apps.knisoci.transitions import TargetState
from apps.media.models import Asset
from apps.media.services import assets
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.knisoci.test_composer import image

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = [
    "compose/",
    "posts/{post}/edit/",
    "posts/{post}/",
    "publications/{target}/",
    "calendar/",
    "campaigns/",
    "campaigns/{campaign}/",
    "media/",
    "media/{asset}/",
    "media/?trash=1",
]


@dataclass(frozen=True)
class Place:
    post: Any
    target: Any
    campaign: Any
    asset: Any


@pytest.fixture
def place(workspace: Any, owner: Any, settings: Any, tmp_path: Any) -> Place:
    """A channel on every network, a thread with a poll and pictures, a paused campaign."""
    settings.MEDIA_ROOT = tmp_path
    with workspace_context(workspace):
        actor = Actor.system(workspace)
        rows = []
        for number, provider in enumerate(all_publishers()):
            connection = Connection.objects.create(
                provider=provider.key,
                host=f"https://{provider.key}.example",
                remote_id=str(number),
                handle=f"@maren.on.{provider.key}.example",
                name="Maren Bakes",
                limits={"nickname": "Maren", "privacy": [["SELF_ONLY", "Only me"]]},
            )
            rows.append(channels.add(actor=actor, connection=connection))
        files = [
            assets.upload(actor=actor, file=image(colour), name=f"{colour}.jpg", folder="Spring")[0]
            for colour in ("red", "green")
        ]
        campaign = campaigns.create(actor=actor, name="Spring range")
        post = posts.create(
            actor=actor,
            title="How we bake",
            campaign=campaign,
            variants=[
                {
                    "channel": row,
                    "text": "How we bake https://acme.example #tart",
                    "media": [file.pk for file in files],
                    "thread": [{"text": "We rest the dough.", "media": [str(files[0].pk)]}],
                    "first_comment": "Questions?",
                }
                for row in rows
            ],
        )
        target = Target.objects.filter(post=post).order_by("channel__name").first()
        assert target is not None
        red = [{"level": "red", "code": "x", "message": "Not connected.", "repair": "compose"}]
        Target.objects.filter(post=post).update(
            due_at=timezone.now() + timedelta(days=1), flight={"level": "red", "reasons": red}
        )
        campaigns.pause(actor=actor, campaign=campaign)
        return Place(post.pk, target.pk, campaign.pk, files[0].pk)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_a_page_shuts_nobody_out_and_fits(
    page: str, theme: str, width: int, place: Place, owner: Any, look: Callable[..., Any]
) -> None:
    path = page.format(**vars(place))
    with look(f"/w/acme/{path}", user=owner, theme=theme, width=width) as sight:
        sight.page.wait_for_load_state("networkidle")
        assert sight.overflow() <= 0
        if width == 390:  # what the bar at the bottom covers just now is scrolled out from under it
            sight.unroll()
        assert sight.serious() == []
        assert sight.complaints == []


@pytest.mark.parametrize(
    ("path", "actions"),
    [
        ("", ".panel-head a, .row-list > a"),
        ("posts/{post}/edit/", ".composer-bar button, .composer-bar input, .channel-chip"),
        ("calendar/", ".planner-tools :is(button.btn, select)"),
    ],
)
def test_a_finger_hits_what_it_means(
    path: str, actions: str, place: Place, owner: Any, look: Callable[..., Any]
) -> None:
    with look(f"/w/acme/{path.format(**vars(place))}", user=owner, width=390) as sight:
        sight.page.wait_for_load_state("networkidle")
        assert sight.page.locator(actions).count() > 0
        assert sight.small(actions) == []


def test_a_day_of_the_month_is_a_finger_wide_and_opens_its_list(
    place: Place, owner: Any, look: Callable[..., Any]
) -> None:
    with look("/w/acme/calendar/", user=owner, width=390) as sight:
        page = sight.page
        page.wait_for_load_state("networkidle")
        page.click("text=Month")
        page.wait_for_selector(".fc-daygrid-more-link")
        assert sight.small(".fc-daygrid-day-number") == []
        sight.unroll()
        assert sight.serious() == []
        page.click(".fc-daygrid-more-link >> nth=0")
        page.wait_for_selector(".planner-channel >> nth=0")
        assert page.get_attribute("text=List", "aria-pressed") == "true"
        assert sight.complaints == []


def test_a_thread_is_written_by_keyboard_and_saved(
    place: Place, workspace: Any, owner: Any, look: Callable[..., Any]
) -> None:
    with look(f"/w/acme/posts/{place.post}/edit/", user=owner) as sight:
        page = sight.page
        page.wait_for_load_state("networkidle")
        page.focus("#text")
        page.keyboard.press("Control+Enter")
        page.keyboard.type("And a third part")
        with page.expect_response(lambda answer: answer.url.endswith("/compose/save/")):
            page.keyboard.press("Alt+ArrowUp")
        page.wait_for_function("document.body.innerText.includes('Draft saved')")
        assert sight.complaints == []
    with workspace_context(workspace):
        stored = Variant.objects.filter(post=place.post).values_list("thread", flat=True)
        assert any("And a third part" in part["text"] for thread in stored for part in thread)


def test_a_channel_is_chosen_by_keyboard_with_one_request_and_keeps_what_is_typed(
    place: Place, owner: Any, look: Callable[..., Any]
) -> None:
    with look("/w/acme/compose/", user=owner) as sight:
        page = sight.page
        page.wait_for_load_state("networkidle")
        assert page.locator("[name=drawn]").count() == 0
        page.fill("#text", "Rhubarb season")
        page.wait_for_selector(".composer-saved >> text=Draft saved")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.method))
        key = page.get_attribute(".channel-chip:has([data-network=pinterest]) input", "value")
        page.focus(f"[name=channel][value='{key}']")
        page.keyboard.press("Space")
        page.wait_for_selector(f"#title-{key}")
        assert page.evaluate("document.activeElement.value") == key
        assert "Rhubarb season" in page.inner_text(f"#preview-{key}")
        page.wait_for_timeout(1_000)
        assert asked.count("POST") == 1, "the save that brings the fields, and no other"

        page.fill(f"#title-{key}", "Tart")
        for _ in range(2):
            page.focus(f"[name=channel][value='{key}']")
            page.keyboard.press("Space")
        assert page.input_value(f"#title-{key}") == "Tart"
        assert page.is_visible(f"#title-{key}")
        page.wait_for_selector(".composer-saved >> text=Draft saved")
        assert sight.serious() == []
        assert sight.complaints == []


def test_a_file_opens_beside_the_library_and_its_box_moves_by_keyboard(
    place: Place, owner: Any, look: Callable[..., Any]
) -> None:
    with look("/w/acme/media/", user=owner) as sight:
        page = sight.page
        page.wait_for_load_state("networkidle")
        page.click(".asset-open >> nth=0")
        page.wait_for_selector("#drawer[open] .focus-box")
        page.wait_for_function("document.querySelector('[name=x]').value !== ''")
        assert sight.serious() == []
        page.focus(".focus-box")
        before = page.get_attribute(".focus-box", "x")
        page.keyboard.press("ArrowRight")
        assert page.get_attribute(".focus-box", "x") != before
        page.click("text=Keep this in the picture")
        page.wait_for_selector("text=You chose what stays.")
        assert sight.complaints == []


def test_nothing_leaves_the_trash_for_good_unasked(
    place: Place, workspace: Any, owner: Any, look: Callable[..., Any]
) -> None:
    with workspace_context(workspace):
        row = assets.upload(actor=Actor.system(workspace), file=image("blue"), name="blue.jpg")[0]
        assets.delete(actor=Actor.system(workspace), asset=row)
    with look("/w/acme/media/?trash=1", user=owner) as sight:
        page = sight.page
        page.wait_for_load_state("networkidle")
        page.check("[name=asset] >> nth=0", force=True)
        page.click("#bulk >> text=Remove for good")
        page.click("dialog[open] >> text=Keep it")
        with workspace_context(workspace):
            assert Asset.objects.filter(pk=row.pk).exists()
        page.click("#bulk >> text=Remove for good")
        with page.expect_response(lambda answer: "/bulk" in answer.url):
            page.click("dialog[open] button >> text=Remove for good")
        assert sight.complaints == []
    with workspace_context(workspace):
        assert not Asset.objects.filter(pk=row.pk).exists()


def test_the_head_of_a_page_follows_what_happens_below_it(
    place: Place, workspace: Any, owner: Any, look: Callable[..., Any]
) -> None:
    refresh = "id => document.getElementById(id).dispatchEvent(new Event('candy:refresh'))"
    with look(f"/w/acme/posts/{place.post}/", user=owner) as sight:
        page = sight.page
        page.wait_for_load_state("networkidle")
        assert page.inner_text("#post-state").startswith("Draft")
        assert page.is_visible("text=Delete")
        with workspace_context(workspace):
            Target.objects.filter(post=place.post).update(
                state=TargetState.PUBLISHED, remote_id="1"
            )
        page.evaluate(refresh, "post-live")
        page.wait_for_selector("#post-state >> text=Published")
        assert not page.is_visible("text=Delete")
        page.goto(page.url.split("/posts/")[0] + f"/campaigns/{place.campaign}/")
        page.wait_for_load_state("networkidle")
        with workspace_context(workspace):
            campaigns.resume(actor=Actor.system(workspace), campaign=place.campaign)
        page.evaluate(refresh, "campaign-live")
        page.wait_for_selector("#campaign-actions >> text=Pause")
        assert page.inner_text("#campaign-state").startswith("Posts")
        assert sight.complaints == []


def test_an_hour_of_the_week_with_many_posts_can_be_read(
    place: Place, owner: Any, look: Callable[..., Any]
) -> None:
    day = f"{timezone.now() + timedelta(days=1):%Y-%m-%d}"
    with look(f"/w/acme/calendar/?view=week&date={day}", user=owner) as sight:
        page = sight.page
        page.wait_for_selector(".fc-timegrid-more-link")
        shown = page.locator(".fc-timegrid-event:visible")
        assert shown.count() == 1, "all are due at the same minute"
        box = shown.bounding_box()
        title = page.locator(".fc-timegrid-event .fc-event-title").bounding_box()
        assert title["height"] >= 14
        assert box["y"] <= title["y"] + 1
        assert title["y"] + title["height"] <= box["y"] + box["height"] + 1
        page.click(".fc-timegrid-more-link")
        page.wait_for_selector(".fc-popover .planner-event >> nth=3")
        assert sight.serious() == []
        assert sight.complaints == []
