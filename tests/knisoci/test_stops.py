"""A brake holds at once, also in the middle of a long job, and letting go never bursts."""

from __future__ import annotations

import itertools
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.providers.base import Done
from apps.knisoci.errors import InFlight, NotApproved
from apps.knisoci.models import Approval, Attempt, Campaign, Channel, Target
from apps.knisoci.services import (
    approving,
    campaigns,
    channels,
    holding,
    posts,
    publishing,
    sessions,
)
from apps.knisoci.transitions import TargetState
from apps.orchestrator.models import Event, Job
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.knisoci.conftest import again, run

S = TargetState


def run_at(target: Target) -> Any:
    return Job.objects.get(pk=again(target).job_id).run_at


@pytest.fixture
def campaign(actor: Any) -> Campaign:
    return campaigns.create(actor=actor, name="Spring")


@pytest.fixture
def in_campaign(make_target: Any, campaign: Campaign, actor: Any) -> Any:
    def make(text: str, **more: Any) -> Target:
        target = make_target(text, **more)
        posts.update(actor=actor, post=target.post_id, campaign=campaign)
        return again(target)

    return make


def test_a_paused_campaign_holds_its_posts_and_no_others(
    in_campaign: Any, make_target: Any, campaign: Campaign, actor: Any, network: Any
) -> None:
    mine, other = in_campaign("Of the campaign"), make_target("On its own")
    campaigns.pause(actor=actor, campaign=campaign, reason="The flood")
    held, out = run(mine), run(other)
    assert (held.state, held.hold_reason) == (S.HELD, "campaign")
    assert out.state == S.PUBLISHED
    assert network.posts() == 1
    assert campaigns.resume(actor=actor, campaign=campaign) == 1
    assert run(mine).state == S.PUBLISHED
    kinds = list(Event.objects.filter(kind__startswith="campaign.").values_list("kind", flat=True))
    assert kinds == ["campaign.created", "campaign.paused", "campaign.resumed"]


@pytest.mark.parametrize("brake", ["campaign", "channel", "workspace"])
def test_letting_go_sends_one_a_minute_for_each_channel(
    in_campaign: Any, channel: Channel, campaign: Campaign, actor: Any, brake: str
) -> None:
    pause, resume = {
        "campaign": (
            lambda: campaigns.pause(actor=actor, campaign=campaign),
            lambda: campaigns.resume(actor=actor, campaign=campaign),
        ),
        "channel": (
            lambda: channels.pause(actor=actor, channel=channel),
            lambda: channels.resume(actor=actor, channel=channel),
        ),
        "workspace": (
            lambda: channels.stop_publishing(actor=actor),
            lambda: channels.resume_publishing(actor=actor),
        ),
    }[brake]
    targets = [in_campaign(f"Number {n}") for n in range(5)]
    pause()
    assert {run(one).state for one in targets} == {S.HELD}
    assert resume() == 5
    at = sorted(run_at(one) for one in targets)
    gaps = [(after - before).total_seconds() for before, after in itertools.pairwise(at)]
    assert gaps == [60.0] * 4


def test_two_brakes_let_go_one_after_the_other_do_not_burst_either(
    in_campaign: Any, make_target: Any, channel: Channel, campaign: Campaign, actor: Any
) -> None:
    ours = [in_campaign(f"Ours {n}") for n in range(2)]
    other = [make_target(f"Other {n}") for n in range(2)]
    campaigns.pause(actor=actor, campaign=campaign)
    for one in ours:
        run(one)
    channels.pause(actor=actor, channel=channel)
    for one in other:
        run(one)
    channels.resume(actor=actor, channel=channel)
    campaigns.resume(actor=actor, campaign=campaign)
    at = sorted(run_at(one) for one in [*ours, *other])
    gaps = [(after - before).total_seconds() for before, after in itertools.pairwise(at)]
    assert min(gaps) >= 59


def test_what_one_brake_lets_go_another_still_holds(
    in_campaign: Any, channel: Channel, campaign: Campaign, actor: Any
) -> None:
    target = in_campaign("Twice held")
    channels.pause(actor=actor, channel=channel)
    run(target)
    campaigns.pause(actor=actor, campaign=campaign)
    assert channels.resume(actor=actor, channel=channel) == 0
    row = again(target)
    assert (row.state, row.hold_reason) == (S.HELD, "campaign")


def test_a_person_holds_one_back_and_lets_it_go(make_target: Any, actor: Any, network: Any) -> None:
    target = make_target("Wait", when=timezone.now() + timedelta(hours=2))
    holding.keep_back(actor=actor, target=target.pk)
    assert (again(target).state, again(target).hold_reason) == (S.HELD, "asked")
    holding.let_go(actor=actor, target=target.pk)
    row = again(target)
    assert row.state == S.SCHEDULED
    assert run_at(target) == row.due_at
    with pytest.raises(InFlight):
        holding.let_go(actor=actor, target=target.pk)


class TestApproval:
    """What goes out is what somebody with the right to publish let go."""

    @pytest.fixture
    def writer(self, in_workspace: Any) -> Actor:
        return Actor(
            kind="person",
            workspace_id=in_workspace.pk,
            user_id=None,
            role="writer",
            permissions=frozenset({"posts.write", "workspace.view"}),
            label="Wanda",
        )

    def test_an_edit_without_the_right_to_publish_holds_the_post(
        self, make_target: Any, channel: Channel, actor: Any, writer: Actor, network: Any
    ) -> None:
        target = make_target("Approved words")
        posts.save_variant(actor=writer, post=target.post, channel=channel, text="Other words")
        held = run(target)
        assert (held.state, held.hold_reason) == (S.HELD, "approval")
        assert held.flight["level"] == "red"
        assert network.posts() == 0
        with pytest.raises(NotApproved):
            holding.let_go(actor=actor, target=target.pk)
        approving.approve(actor=actor, target=target.pk)
        assert run(target).state == S.PUBLISHED
        assert Approval.objects.count() == 2

    def test_an_edit_by_who_may_publish_is_its_approval(
        self, make_target: Any, channel: Channel, actor: Any
    ) -> None:
        target = make_target("First", when=timezone.now() + timedelta(hours=1))
        posts.save_variant(actor=actor, post=target.post, channel=channel, text="Second")
        row = again(target)
        assert row.approved_hash == row.variant.content_hash
        assert row.flight["level"] == "green"


def _slow_upload(monkeypatch: Any, network: Any, *, calls: int, pause: float) -> list[float]:
    """Mastodon gets a stage that uploads for `calls` × `pause` seconds before it submits."""
    real = type(providers.get("mastodon"))
    run_stage, made = real.run_stage, []

    def staged(self: Any, stage: str, ctx: Any) -> Any:
        if stage != "chunks":
            return run_stage(self, stage, ctx)
        for number in range(calls):
            ctx.client.get(f"{network.url}/mastodon/api/v2/instance")
            made.append(time.monotonic())
            ctx.remember("chunk", str(number))
            time.sleep(pause)
        return Done()

    monkeypatch.setattr(real, "run_stage", staged)
    monkeypatch.setattr(real, "stages_for", lambda self, content, role="post": ("chunks", "submit"))
    return made


@pytest.mark.django_db(transaction=True)
def test_the_emergency_stop_ends_a_long_upload_within_five_seconds(
    workspace: Any, network: Any, monkeypatch: Any, transactional_db: Any
) -> None:
    """In real time: a worker uploads for a minute, somebody pulls the brake after one second."""
    from apps.integrations.services import connections

    made = _slow_upload(monkeypatch, network, calls=60, pause=1)
    with workspace_context(workspace):
        actor = Actor.system(workspace)
        connection = connections.connect(
            actor=actor,
            provider="mastodon",
            values={"host": f"{network.url}/mastodon", "token": "sandbox-maren"},
        )
        channel = channels.add(actor=actor, connection=connection)
        post = posts.create(actor=actor, variants=[{"channel": channel, "text": "Long"}])
        (target,) = posts.schedule(actor=actor, post=post, when="now")

    def work() -> None:
        try:
            with workspace_context(workspace):
                publishing.publish(target=target.pk, job_id=target.job_id)
        finally:
            database.close()

    worker = threading.Thread(target=work)
    worker.start()
    time.sleep(1.5)
    stopped_at = time.monotonic()
    with workspace_context(workspace):
        channels.stop_publishing(actor=actor)
    worker.join(20)
    assert not worker.is_alive()
    assert time.monotonic() - stopped_at < 5
    assert max(made) - stopped_at < 5
    with workspace_context(workspace):
        row = again(target)
        assert (row.state, row.hold_reason) == (S.HELD, "stopped")
        attempt = Attempt.objects.get()
        assert attempt.state == "not_sent"
        assert attempt.handles["chunk"]  # what is uploaded is kept for the next try
    assert network.posts() == 0


def test_a_stop_between_two_stages_is_seen_before_the_next(
    make_target: Any, network: Any, actor: Any, monkeypatch: Any
) -> None:
    _slow_upload(monkeypatch, network, calls=1, pause=0)
    target = make_target("Stopped just in time")
    real = sessions.Recorder.__call__

    def then_stop(self: Any, exchange: Any) -> None:
        real(self, exchange)
        channels.stop_publishing(actor=actor)

    monkeypatch.setattr(sessions.Recorder, "__call__", then_stop)
    held = run(target)
    assert (held.state, held.hold_reason) == (S.HELD, "stopped")
    assert network.posts() == 0


def test_a_thread_that_is_stopped_goes_on_behind_what_is_out(
    make_target: Any, network: Any, actor: Any, monkeypatch: Any
) -> None:
    target = make_target("One", thread=[{"text": "Two"}, {"text": "Three"}])
    real = holding.stopped
    monkeypatch.setattr(
        holding, "stopped", lambda row: "paused" if row.parts_done == 1 else real(row)
    )
    held = run(target)
    assert (held.state, held.parts_done) == (S.HELD, 1)
    assert network.posts() == 1
    monkeypatch.setattr(holding, "stopped", real)
    assert holding.let_go(actor=actor, target=target.pk).state == S.SCHEDULED
    done = run(target)
    assert (done.state, done.parts_done) == (S.PUBLISHED, 3)
    assert network.posts() == 3
