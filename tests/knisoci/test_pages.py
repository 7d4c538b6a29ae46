"""The pages of the social suite: who may, what a mistake says, and that nothing is lost by it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from datetime import timedelta
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.knisoci.models import Campaign, Channel, Post, Target, Variant
from apps.knisoci.services import posts
from apps.knisoci.transitions import TargetState
from apps.media.models import Asset
from apps.workspaces.types import Actor

Signed = Callable[[Any], Client]
BASE = "/w/acme"


class Visitor(Client):
    """Requests run in a context of their own, as on a server; the test stays in its workspace."""

    def request(self, **request: Any) -> Any:
        return copy_context().run(super().request, **request)


@pytest.fixture
def client_for() -> Signed:
    def signed_in(user: Any) -> Client:
        client = Visitor()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


def form(channel: Channel, text: str, **more: Any) -> dict[str, Any]:
    return {"title": "Chains", "text": text, "channel": str(channel.pk), **more}


@pytest.fixture
def planned(actor: Actor, channel: Channel) -> Target:
    post = posts.create(
        actor=actor, title="Winter", variants=[{"channel": channel, "text": "Fit mudguards."}]
    )
    (target,) = posts.schedule(actor=actor, post=post, when=timezone.now() + timedelta(days=2))
    return target


def test_what_is_written_becomes_a_draft_with_an_address(
    channel: Channel, contributor: Any, client_for: Signed
) -> None:
    answer = client_for(contributor).post(f"{BASE}/compose/save/", form(channel, "Oil your chain."))
    assert answer.status_code == 200
    post = Post.objects.get()
    assert answer["HX-Push-Url"] == f"{BASE}/posts/{post.pk}/edit/"
    assert Variant.objects.get().text == "Oil your chain."
    page = client_for(contributor).get(answer["HX-Push-Url"]).content.decode()
    assert "Oil your chain." in page
    assert "15 of 500" in page


def test_a_text_that_is_too_long_is_kept_and_said(
    channel: Channel, contributor: Any, client_for: Signed
) -> None:
    text = "chain " * 120
    client = client_for(contributor)
    saved = client.post(f"{BASE}/compose/save/", form(channel, text))
    assert "Will not go out" in saved.content.decode()
    post = Post.objects.get()
    refused = client.post(
        f"{BASE}/compose/schedule/", form(channel, text, post=post.pk, when="slot")
    )
    assert refused.status_code == 422
    assert Variant.objects.get().text.strip() == text.strip()
    assert Target.objects.get().state == TargetState.DRAFT


def test_a_past_time_is_refused_beside_the_buttons_and_the_draft_stays(
    channel: Channel, contributor: Any, client_for: Signed
) -> None:
    sent = form(channel, "Too late", when="at", at="2020-01-01T10:00")
    refused = client_for(contributor).post(f"{BASE}/compose/schedule/", sent)
    assert refused.status_code == 422
    assert "in the past" in refused.content.decode()
    assert Target.objects.get().state == TargetState.DRAFT


def test_a_drag_into_the_past_is_refused_in_words(
    planned: Target, contributor: Any, client_for: Signed
) -> None:
    answer = client_for(contributor).post(
        f"{BASE}/publications/{planned.pk}/move/", {"at": "2020-01-01T10:00"}
    )
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "past_date"
    before = planned.due_at
    planned.refresh_from_db()
    assert planned.due_at == before


def test_a_drag_moves_wall_time_in_the_persons_zone(
    planned: Target, contributor: Any, client_for: Signed
) -> None:
    type(contributor).objects.filter(pk=contributor.pk).update(time_zone="Europe/Oslo")
    day = (timezone.now() + timedelta(days=5)).date()
    answer = client_for(contributor).post(
        f"{BASE}/publications/{planned.pk}/move/", {"at": f"{day}T09:30:00"}
    )
    assert answer.status_code == 200
    planned.refresh_from_db()
    assert planned.wall_time is not None
    assert (planned.wall_date, planned.wall_time.isoformat()) == (day, "09:30:00")
    assert planned.time_zone == "Europe/Oslo"


def test_a_file_that_is_none_of_ours_is_refused_in_words(
    channel: Channel, contributor: Any, client_for: Signed
) -> None:
    file = SimpleUploadedFile("cat.jpg", b"MZ not an image", content_type="image/jpeg")
    answer = client_for(contributor).post(f"/api/v1{BASE}/assets", {"file": file})
    assert 400 <= answer.status_code < 500
    said = answer.json()["error"]["message"]
    assert said.startswith("This is not an image")
    assert said.endswith("whatever its name says.")
    assert not Asset.objects.exists()


def test_a_refused_verb_says_why_and_leaves_the_page_as_it_is(
    planned: Target, viewer: Any, contributor: Any, client_for: Signed
) -> None:
    hx = {"HX-Request": "true"}
    attempts = [
        (viewer, f"publications/{planned.pk}/publish/", 403, "role"),
        (contributor, f"publications/{planned.pk}/is-out/", 409, "outcome"),
        (contributor, f"posts/{uuid4()}/delete/", 404, "post"),
        (contributor, f"channels/{uuid4()}/pause/", 404, "channel"),
    ]
    for person, path, status, word in attempts:
        answer = client_for(person).post(f"{BASE}/{path}", headers=hx)
        assert (answer.status_code, answer.content) == (status, b""), path
        assert word in unquote(answer["X-Candy-Message"]).lower(), path
    assert Target.objects.get().state == TargetState.SCHEDULED


@pytest.mark.parametrize(
    "path", ["posts/%s/", "posts/%s/edit/", "publications/%s/", "channels/%s/"]
)
def test_what_does_not_exist_has_a_page_that_says_so(
    path: str, channel: Channel, owner: Any, client_for: Signed
) -> None:
    answer = client_for(owner).get(f"{BASE}/{path}" % uuid4())
    assert answer.status_code == 404
    assert "<html" in answer.content.decode()


def test_a_viewer_sees_and_changes_nothing(
    planned: Target, channel: Channel, viewer: Any, client_for: Signed
) -> None:
    client = client_for(viewer)
    for path in ("posts/", "calendar/", "channels/", "analytics/", f"posts/{planned.post_id}/"):
        assert client.get(f"{BASE}/{path}").status_code == 200, path
    before = list(Target.objects.values_list("state", "due_at", "revision"))
    attempts: list[tuple[str, dict[str, Any]]] = [
        ("compose/save/", form(channel, "Not mine")),
        ("compose/schedule/", form(channel, "Not mine", when="now")),
        (f"publications/{planned.pk}/move/", {"at": "2030-01-01T10:00"}),
        (f"publications/{planned.pk}/cancel/", {}),
        (f"posts/{planned.post_id}/delete/", {}),
        (f"posts/{planned.post_id}/duplicate/", {}),
        (f"channels/{channel.pk}/pause/", {}),
        (f"channels/{channel.pk}/remove/", {}),
        (f"channels/{channel.pk}/", {"name": "Mine"}),
        ("channels/connect/mastodon/", {"host": "x.example", "token": "t"}),
        ("channels/stop/", {}),
    ]
    for path, data in attempts:
        status = client.post(f"{BASE}/{path}", data).status_code
        assert status in (403, 422), f"{path} answered {status}"
    assert list(Target.objects.values_list("state", "due_at", "revision")) == before
    assert Post.objects.count() == 1
    assert not Channel.objects.exclude(is_paused=False, is_archived=False, name="Maren").exists()


@pytest.mark.parametrize("path", ["posts/", "calendar/", "compose/", "channels/", "start/brand/"])
def test_strangers_find_no_such_place(
    path: str, channel: Channel, outsider: Any, other_owner: Any, client_for: Signed
) -> None:
    for person in (outsider, other_owner):
        assert client_for(person).get(f"{BASE}/{path}").status_code == 404


def test_the_stop_holds_everything_and_resume_ends_it(
    planned: Target, contributor: Any, client_for: Signed
) -> None:
    client = client_for(contributor)
    assert client.post(f"{BASE}/channels/stop/").status_code == 204
    assert "All publishing is stopped" in client.get(f"{BASE}/channels/").content.decode()
    assert client.post(f"{BASE}/channels/stop/", {"resume": "1"}).status_code == 204
    assert "All publishing is stopped" not in client.get(f"{BASE}/channels/").content.decode()


def test_slots_that_are_no_times_come_back_with_a_word(
    channel: Channel, owner: Any, client_for: Signed
) -> None:
    sent = {
        "name": "Maren",
        "time_zone": "Europe/Berlin",
        "late_policy": "publish",
        "late_minutes": "60",
        "day_0": "09:00, soon",
    }
    answer = client_for(owner).post(f"{BASE}/channels/{channel.pk}/", sent)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "“soon” is not a time" in page
    assert "09:00, soon" in page
    sent["day_0"] = "09:00, 17:30"
    assert client_for(owner).post(f"{BASE}/channels/{channel.pk}/", sent).status_code == 302
    channel.refresh_from_db()
    assert [list(pair) for pair in channel.slots] == [[0, "09:00"], [0, "17:30"]]


def test_first_steps_resume_where_something_is_missing(
    in_workspace: Any, owner: Any, client_for: Signed
) -> None:
    client = client_for(owner)
    assert client.get(f"{BASE}/start/").headers["Location"] == f"{BASE}/start/brand/"
    sent = {"name": "Acme", "website": "", "description": "We mend bicycles.", "audience": ""}
    assert client.post(f"{BASE}/start/brand/", sent).status_code == 302
    assert client.get(f"{BASE}/start/").headers["Location"] == f"{BASE}/start/sources/"
    nothing = client.post(f"{BASE}/start/sources/", {"address": ""})
    assert nothing.status_code == 422
    assert "at least one document" in nothing.content.decode()
    assert Campaign.objects.count() == 0


def test_home_leads_through_the_first_steps_until_posts_go_out(
    actor: Actor, make_target: Any, owner: Any, contributor: Any, client_for: Signed
) -> None:
    def shown(to: Any) -> str:
        return client_for(to).get(f"{BASE}/").content.decode()

    draft = make_target(when=None)  # on a channel: the fourth step is done
    page = shown(owner)
    assert "Set up your workspace" in page
    assert f'{BASE}/start/brand/" aria-current="step"' in page
    assert page.count("(done)") == 1
    assert "Set up your workspace" not in shown(contributor)
    posts.schedule(actor=actor, post=draft.post, when="now")
    assert "Set up your workspace" not in shown(owner)


def test_the_list_of_posts_costs_no_more_with_more_posts(
    actor: Actor, channel: Channel, owner: Any, client_for: Signed
) -> None:
    client = client_for(owner)
    client.get(f"{BASE}/posts/")
    counts = []
    for _ in range(2):
        for number in range(5):
            posts.create(
                actor=actor, title=f"No {number}", variants=[{"channel": channel, "text": "Hi"}]
            )
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"{BASE}/posts/").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 14
