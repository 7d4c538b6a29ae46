"""Campaign pages, the parts of a thread on the post's page, and what the calendar says of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.integrations.models import Connection
from apps.knisoci.models import Attempt, Campaign, Channel, Target
from apps.knisoci.services import campaigns, channels, posts
from apps.knisoci.transitions import TargetState
from apps.knisoci.web import progress
from apps.workspaces.types import Actor
from tests.knisoci.test_pages import BASE, Signed, client_for

__all__ = ["client_for"]  # a fixture


@pytest.fixture
def spring(actor: Actor) -> Campaign:
    return campaigns.create(actor=actor, name="Spring", brief={"goal": "Tarts", "kept": "x"})


@pytest.fixture
def thread(actor: Actor, spring: Campaign, network: Any) -> Target:
    """Published, two of four parts out."""
    connection = Connection.objects.create(
        provider="x", host="https://x.example", remote_id="1", handle="@m"
    )
    channel = channels.add(actor=actor, connection=connection, name="Maren")
    post = posts.create(
        actor=actor,
        title="How we bake",
        campaign=spring,
        variants=[
            {
                "channel": channel,
                "text": "One",
                "thread": [{"text": "Two"}, {"text": "Three"}],
                "first_comment": "Four",
            }
        ],
    )
    target = Target.objects.get(post=post)
    for part, state in enumerate((Attempt.State.SUCCEEDED, "succeeded", "refused")):
        Attempt.objects.create(
            target=target,
            part=part,
            number=1,
            connection=connection,
            content_hash=str(part) * 64,
            state=state,
            remote_id=str(part) if state == "succeeded" else "",
            permalink=f"https://x.example/{part}" if state == "succeeded" else "",
            error="" if state == "succeeded" else "Not allowed",
        )
    Target.objects.filter(pk=target.pk).update(
        state=TargetState.PUBLISHED,
        remote_id="0",
        parts_done=2,
        parts_total=4,
        due_at=timezone.now(),
        published_at=timezone.now(),
    )
    return Target.objects.select_related("channel__connection", "variant", "post").get(pk=target.pk)


def test_each_part_stands_with_its_own_state_and_address(thread: Target) -> None:
    rows = progress.parts(thread.variant, thread, list(thread.attempts.all()))
    assert [(row.name, row.chip["label"], row.permalink, row.error) for row in rows] == [
        ("Post", "Out", "https://x.example/0", ""),
        ("Part 2", "Out", "https://x.example/1", ""),
        ("Part 3", "Refused", "", "Not allowed"),
        ("First comment", "Not sent yet", "", ""),
    ]


def test_an_incomplete_thread_offers_the_rest_to_who_may_publish(
    thread: Target, owner: Any, viewer: Any, client_for: Signed
) -> None:
    for path in (f"posts/{thread.post_id}/", f"publications/{thread.pk}/"):
        page = client_for(owner).get(f"{BASE}/{path}").content.decode()
        assert "2 of 4 parts are out" in page
        assert "Send the rest" in page
        assert "https://x.example/1" in page
        assert "Send the rest" not in client_for(viewer).get(f"{BASE}/{path}").content.decode()
    url = f"{BASE}/publications/{thread.pk}/send-rest/"
    assert client_for(viewer).post(url).status_code == 403
    thread.refresh_from_db()
    assert thread.state == TargetState.PUBLISHED
    assert client_for(owner).post(url, headers={"HX-Request": "true"}).status_code == 204
    thread.refresh_from_db()
    assert thread.state == TargetState.SCHEDULED


def test_the_calendar_tells_how_far_a_thread_is_and_what_is_paused(
    thread: Target, spring: Campaign, actor: Actor, channel: Channel, owner: Any, client_for: Signed
) -> None:
    post = posts.create(
        actor=actor, title="Later", campaign=spring, variants=[{"channel": channel, "text": "Hi"}]
    )
    posts.schedule(actor=actor, post=post, when=timezone.now() + timedelta(days=1))
    Target.objects.filter(post=post).update(flight={"level": "red"}, error_code="quota")
    campaigns.pause(actor=actor, campaign=spring)
    span = {
        "start": (timezone.now() - timedelta(days=1)).isoformat(),
        "end": (timezone.now() + timedelta(days=3)).isoformat(),
        "campaign": str(spring.pk),
    }
    feed = client_for(owner).get(f"{BASE}/calendar/feed/", span).json()
    out, later = sorted(feed, key=lambda one: str(one["start"]))
    assert out["title"] == "How we bake · 2/4"
    assert "2 of 4 parts are out" in out["note"]
    assert (out["flight"], out["paused"]) == ("", False)
    assert (later["flight"], later["paused"]) == ("red", True)
    for words in ("will not go out", "campaign is paused", "quota was full"):
        assert words in later["note"]
    other = client_for(owner).get(f"{BASE}/calendar/feed/", {**span, "campaign": str(post.pk)})
    assert other.json() == []


def test_a_campaign_is_started_changed_and_put_away(
    in_workspace: Any, contributor: Any, viewer: Any, client_for: Signed
) -> None:
    client = client_for(contributor)
    refused = client.post(
        f"{BASE}/campaigns/",
        {"name": "Spring", "starts_on": "2026-05-01", "ends_on": "2026-04-01", "goal": "Tarts"},
        headers={"HX-Request": "true"},
    )
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "ends before it starts" in page
    assert 'value="2026-05-01"' in page
    assert "<html" not in page
    made = client.post(f"{BASE}/campaigns/", {"name": "Spring", "goal": "Tarts"})
    row = Campaign.objects.get()
    assert made.headers["Location"] == f"{BASE}/campaigns/{row.pk}/"
    client.post(f"{BASE}/campaigns/{row.pk}/", {"name": "Summer", "goal": "Ice"})
    row.refresh_from_db()
    assert (row.name, row.brief["goal"]) == ("Summer", "Ice")
    empty = client.post(f"{BASE}/campaigns/{row.pk}/", {"name": ""})
    assert empty.status_code == 422
    assert client_for(viewer).post(f"{BASE}/campaigns/", {"name": "Mine"}).status_code == 403
    assert Campaign.objects.count() == 1
    client.post(f"{BASE}/campaigns/{row.pk}/archive/")
    assert "Summer" not in client.get(f"{BASE}/campaigns/").content.decode()
    assert "Summer" in client.get(f"{BASE}/campaigns/", {"archived": "1"}).content.decode()


def test_a_change_keeps_what_the_form_does_not_show(
    spring: Campaign, owner: Any, client_for: Signed
) -> None:
    client_for(owner).post(f"{BASE}/campaigns/{spring.pk}/", {"name": "Spring", "goal": "New"})
    spring.refresh_from_db()
    assert spring.brief == {"goal": "New", "kept": "x"}


def test_pausing_holds_and_only_who_may_stop_does_it(
    spring: Campaign, owner: Any, viewer: Any, outsider: Any, other_owner: Any, client_for: Signed
) -> None:
    url = f"{BASE}/campaigns/{spring.pk}/pause/"
    for person in (viewer, outsider, other_owner):
        assert client_for(person).post(url).status_code in (302, 403, 404)
    spring.refresh_from_db()
    assert not spring.is_paused
    answer = client_for(owner).post(url, {"reason": "Late"}, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    page = client_for(owner).get(f"{BASE}/campaigns/{spring.pk}/").content.decode()
    assert "This campaign is paused" in page
    assert "Late" in page
    client_for(owner).post(f"{BASE}/campaigns/{spring.pk}/resume/")
    spring.refresh_from_db()
    assert not spring.is_paused
    assert client_for(owner).post(f"{BASE}/campaigns/{spring.pk}/nonsense/").status_code == 404


def test_the_composer_puts_a_post_into_a_campaign_and_takes_it_out(
    spring: Campaign, channel: Channel, contributor: Any, client_for: Signed
) -> None:
    client = client_for(contributor)
    sent = {"channel": str(channel.pk), "text": "Hi", "campaign": str(spring.pk)}
    client.post(f"{BASE}/compose/save/", sent)
    post = spring.posts.get()
    page = client.get(f"{BASE}/posts/{post.pk}/edit/").content.decode()
    assert f'value="{spring.pk}" selected' in page
    client.post(f"{BASE}/compose/save/", {**sent, "post": str(post.pk), "campaign": ""})
    assert not spring.posts.exists()


def test_the_receipt_shows_what_was_approved_even_after_an_edit(
    channel: Channel, actor: Actor, owner: Any, client_for: Signed
) -> None:
    from apps.knisoci import previews
    from apps.knisoci.models import Approval

    post = posts.create(
        actor=actor, title="Now", variants=[{"channel": channel, "text": "As approved"}]
    )
    posts.schedule(actor=actor, post=post, when=timezone.now() + timedelta(days=2))
    previews.keep(Approval.objects.get().pk)
    Target.objects.get().variant.__class__.objects.update(text="Changed afterwards")
    page = client_for(owner).get(f"{BASE}/publications/{Target.objects.get().pk}/").content.decode()
    assert "As approved" in page
    assert "let it go" in page
