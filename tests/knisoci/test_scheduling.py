"""Choosing, moving and taking back times; and clear words for what cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.errors import PermissionDenied
from apps.knisoci.errors import (
    BadDate,
    ChannelDisconnected,
    ContentInvalid,
    InFlight,
    NothingToSchedule,
    PastDate,
    PostNotFound,
)
from apps.knisoci.models import Post, Target
from apps.knisoci.services import channels, posts
from apps.knisoci.transitions import TargetState
from apps.orchestrator.models import Event, Job
from apps.workspaces.models import DueWork
from tests.knisoci.conftest import again

S = TargetState
LATER = datetime(2027, 3, 28, 2, 30)  # wall time in Berlin that the clocks skip  # noqa: DTZ001


def alive(target: Target) -> int:
    """Jobs that would still publish `target`."""
    return Job.objects.filter(
        action="knisoci.publish_target",
        input__target=str(target.pk),
        state__in=("scheduled", "ready"),
    ).count()


def test_target_job_and_event_are_one_commit(make_target: Any, actor: Any) -> None:
    due = timezone.now() + timedelta(days=1)
    target = make_target("Tomorrow", when=due)
    job = Job.objects.get(pk=target.job_id)
    assert (target.state, target.due_at, job.run_at) == (S.SCHEDULED, due, due)
    assert DueWork.objects.filter(pk=job.pk).exists()
    event = Event.objects.get(kind="post.scheduled")
    assert event.data["targets"][0]["id"] == str(target.pk)
    assert Job.objects.filter(action="knisoci.flight_check").count() == 1


def test_a_failure_leaves_no_target_and_no_job(
    make_target: Any, actor: Any, monkeypatch: Any
) -> None:
    from apps.knisoci.services import scheduling

    target = make_target("All or nothing", when=None)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no event today")

    monkeypatch.setattr(scheduling, "announce", fail)
    with pytest.raises(RuntimeError):
        posts.schedule(actor=actor, post=target.post, when="now")
    assert again(target).state == S.DRAFT
    assert not Job.objects.filter(action="knisoci.publish_target").exists()


def test_wall_time_is_kept_in_the_channels_zone(make_target: Any) -> None:
    target = make_target("In a gap", when=LATER)
    assert target.due_at == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    assert target.time_zone == "Europe/Berlin"
    assert f"{target.wall_time:%H:%M}" == "03:00"


def test_moving_replaces_the_job_and_bumps_the_revision(make_target: Any, actor: Any) -> None:
    target = make_target("Drag me", when=timezone.now() + timedelta(days=1))
    moved = posts.reschedule(actor=actor, target=target, when=timezone.now() + timedelta(days=2))
    assert moved.revision == target.revision + 1
    assert moved.job_id != target.job_id
    assert alive(target) == 1
    assert not DueWork.objects.filter(pk=target.job_id).exists()


def test_slots_are_filled_one_after_the_other(make_target: Any, actor: Any, channel: Any) -> None:
    channels.update(actor=actor, channel=channel, slots=[[0, "09:00"], [3, "17:00"]])
    taken = [make_target(f"Slot {n}", when="slot") for n in range(3)]
    times = [target.due_at for target in taken]
    assert len(set(times)) == 3
    assert times == sorted(times)
    assert {f"{t.wall_date:%a} {t.wall_time:%H:%M}" for t in taken} <= {"Mon 09:00", "Thu 17:00"}
    assert all(target.in_slot for target in taken)


def test_taking_back_frees_the_time(make_target: Any, actor: Any) -> None:
    target = make_target("Not yet", when=timezone.now() + timedelta(days=1))
    back = posts.unschedule(actor=actor, target=target)
    assert (back.state, back.due_at, alive(target)) == (S.DRAFT, None, 0)
    posts.schedule(actor=actor, post=target.post, when=timezone.now() + timedelta(days=1))
    cancelled = posts.cancel(actor=actor, target=target)
    assert (cancelled.state, alive(target)) == (S.CANCELLED, 0)
    posts.schedule(actor=actor, post=target.post, when="now")
    assert (again(target).state, alive(target)) == (S.SCHEDULED, 1)


def test_an_edit_of_a_scheduled_post_counts(make_target: Any, actor: Any, channel: Any) -> None:
    target = make_target("First words", when=timezone.now() + timedelta(days=1))
    posts.save_variant(actor=actor, post=target.post, channel=channel, text="Better words")
    after = again(target)
    assert after.revision == target.revision + 1
    assert after.variant.text == "Better words"
    assert after.variant.content_hash != target.variant.content_hash
    posts.save_variant(actor=actor, post=target.post, channel=channel, text="Better words")
    assert again(target).revision == after.revision


def test_an_edit_that_would_break_a_scheduled_post_is_refused(
    make_target: Any, actor: Any, channel: Any
) -> None:
    target = make_target("Fine", when=timezone.now() + timedelta(days=1))
    with pytest.raises(ContentInvalid) as refused:
        posts.save_variant(actor=actor, post=target.post, channel=channel, text="x" * 501)
    assert channel.name in refused.value.message
    assert again(target).variant.text == "Fine"


@pytest.mark.parametrize("state", [S.CLAIMED, S.PUBLISHING, S.UNKNOWN, S.PUBLISHED])
def test_what_is_going_out_cannot_be_changed(
    make_target: Any, actor: Any, channel: Any, state: str
) -> None:
    target = make_target("On its way")
    Target.objects.filter(pk=target.pk).update(state=state, remote_id="1")
    soon = timezone.now() + timedelta(hours=1)
    with pytest.raises(InFlight):
        posts.save_variant(actor=actor, post=target.post, channel=channel, text="Other")
    with pytest.raises(InFlight):
        posts.reschedule(actor=actor, target=target.pk, when=soon)
    with pytest.raises(InFlight):
        posts.cancel(actor=actor, target=target.pk)
    with pytest.raises(InFlight):
        posts.remove_variant(actor=actor, post=target.post, channel=channel)
    with pytest.raises(NothingToSchedule):
        posts.schedule(actor=actor, post=target.post, when=soon)
    assert again(target).state == state


def test_a_past_date_is_refused_with_the_date_in_words(make_target: Any, actor: Any) -> None:
    target = make_target("Too late", when=None)
    with pytest.raises(PastDate) as refused:
        posts.schedule(
            actor=actor,
            post=target.post,
            when=datetime(2020, 5, 17, 9, 0),  # noqa: DTZ001
            time_zone="Europe/Berlin",
        )
    assert refused.value.field == "when"
    assert "17 May 2020, 09:00" in refused.value.message
    assert again(target).state == S.DRAFT


@pytest.mark.parametrize(
    ("details", "error", "field"),
    [
        ({"when": datetime(2099, 1, 1, tzinfo=UTC)}, BadDate, "when"),
        ({"when": LATER, "time_zone": "Mars/Base"}, BadDate, "time_zone"),
        ({"when": "now", "late_policy": "never"}, BadDate, "late_policy"),
        ({"when": "now", "late_minutes": -5}, BadDate, "late_minutes"),
    ],
)
def test_bad_dates_are_named(
    make_target: Any, actor: Any, details: Any, error: Any, field: str
) -> None:
    target = make_target("Bad date", when=None)
    with pytest.raises(error) as refused:
        posts.schedule(actor=actor, post=target.post, **details)
    assert refused.value.field == field
    assert again(target).state == S.DRAFT


def test_too_long_a_text_names_channel_and_field(
    make_target: Any, actor: Any, channel: Any
) -> None:
    target = make_target("x" * 501, when=None)
    with pytest.raises(ContentInvalid) as refused:
        posts.schedule(actor=actor, post=target.post, when="now")
    assert refused.value.message.startswith("Maren: ")
    assert refused.value.field == f"{channel.pk}.text"
    assert again(target).state == S.DRAFT


def test_a_lost_channel_and_an_empty_post_are_named(
    make_target: Any, actor: Any, channel: Any
) -> None:
    empty = posts.create(actor=actor, title="Nothing yet")
    with pytest.raises(NothingToSchedule):
        posts.schedule(actor=actor, post=empty, when="now")
    target = make_target("Nowhere", when=None)
    channel.connection.state = "revoked"
    channel.connection.save()
    with pytest.raises(ChannelDisconnected):
        posts.schedule(actor=actor, post=target.post, when="now")
    with pytest.raises(PostNotFound):
        posts.schedule(actor=actor, post="no-such-id", when="now")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"text": "x", "language": "x" * 13}, "language"),
        ({"text": "x", "options": {"a": "\x00"}}, "options"),
        ({"text": "x", "options": {"a": "x" * 20_000}}, "options"),
        ({"text": "x" * 100_001}, "text"),
    ],
)
def test_what_cannot_be_kept_is_named(
    make_target: Any, actor: Any, channel: Any, details: Any, field: str
) -> None:
    target = make_target("Keep me", when=None)
    with pytest.raises(ContentInvalid) as refused:
        posts.save_variant(actor=actor, post=target.post, channel=channel, **details)
    assert refused.value.field == field
    assert again(target).variant.text == "Keep me"


def test_a_nul_byte_is_dropped_and_not_a_fault(actor: Any, channel: Any) -> None:
    post = posts.create(
        actor=actor, title="a\x00b", brief="\x00", variants=[{"channel": channel, "text": "c\x00d"}]
    )
    assert (post.title, post.variants.get().text) == ("ab", "cd")


def test_a_copy_is_a_fresh_draft(make_target: Any, actor: Any) -> None:
    target = make_target("Again, please")
    copy = posts.duplicate(actor=actor, post=target.post)
    twin = Target.objects.get(post=copy)
    assert (twin.state, twin.due_at, twin.variant.text) == (S.DRAFT, None, "Again, please")


def test_deleting_a_post_takes_its_job_along(make_target: Any, actor: Any) -> None:
    target = make_target("Gone", when=timezone.now() + timedelta(days=1))
    posts.delete(actor=actor, post=target.post)
    assert not Post.objects.exists()
    assert alive(target) == 0


@pytest.mark.parametrize(("role", "may_write"), [("contributor", True), ("viewer", False)])
def test_roles(
    request: Any, make_target: Any, workspace: Any, actor_for: Any, role: str, may_write: bool
) -> None:
    target = make_target("Who may?", when=None)
    person = actor_for(request.getfixturevalue(role), workspace)
    if may_write:
        posts.schedule(actor=person, post=target.post, when="now")
        posts.unschedule(actor=person, target=target)
        return
    for verb in (
        lambda: posts.create(actor=person, title="x"),
        lambda: posts.schedule(actor=person, post=target.post, when="now"),
        lambda: posts.cancel(actor=person, target=target),
        lambda: posts.delete(actor=person, post=target.post),
        lambda: channels.stop_publishing(actor=person),
        lambda: channels.pause(actor=person, channel=target.channel),
    ):
        with pytest.raises(PermissionDenied):
            verb()
    assert again(target).state == S.DRAFT
    assert Post.objects.count() == 1
