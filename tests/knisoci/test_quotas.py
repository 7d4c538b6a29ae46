"""What a network takes in a day is known beforehand; what is too much moves or waits, and is told."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.providers.base import Account, Connected, ErrorKind, ProviderError
from apps.integrations.providers.capabilities import QuotaRule
from apps.integrations.services import connections, meters
from apps.knisoci.models import Attempt, Target
from apps.knisoci.services import channels, flight, posts, publishing
from apps.knisoci.transitions import TargetState
from apps.orchestrator import Defer
from apps.orchestrator.models import Event
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.knisoci.conftest import again, run

S = TargetState
SLOTS = [[day, f"{hour:02}:00"] for day in range(7) for hour in range(24)]


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    """Give Mastodon a quota of `limit` posts a day."""
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    network = providers.get("mastodon")

    def set_rule(limit: int, **more: Any) -> None:
        rule = QuotaRule(
            **{"name": "posts", "label": "Posts a day", "scope": "account", "limit": limit, **more}
        )
        strict = network.capabilities.model_copy(update={"quotas": (rule,)})
        monkeypatch.setitem(network.__dict__, "capabilities", strict)

    return set_rule


def attempt(target: Target) -> Target:
    """One turn of a worker, whatever it comes to."""
    with contextlib.suppress(Defer):
        publishing.publish(target=target.pk, job_id=target.job_id)
    return again(target)


def test_one_too_many_moves_to_the_next_free_slot_with_room(
    make_target: Any, channel: Any, network: Any, allow: Any, actor: Any
) -> None:
    allow(2)
    channels.update(actor=actor, channel=channel, slots=SLOTS)
    first, second, third = (make_target(f"Number {n}") for n in range(3))
    assert [run(one).state for one in (first, second)] == [S.PUBLISHED] * 2
    moved = attempt(third)
    assert moved.state == S.SCHEDULED
    assert moved.in_slot
    assert moved.due_at is not None
    assert moved.due_at > timezone.now() + timedelta(hours=23)
    assert moved.due_at.minute == 0
    assert "2 of 2 are used" in moved.error
    event = Event.objects.get(kind="post.moved")
    assert event.data["reason"] == "quota"
    assert event.data["to"] == moved.due_at.isoformat()
    assert network.posts() == 2
    assert not Attempt.objects.filter(target=third).exists()


def test_two_that_move_do_not_get_the_same_slot(
    make_target: Any, channel: Any, allow: Any, actor: Any
) -> None:
    allow(1)
    channels.update(actor=actor, channel=channel, slots=SLOTS)
    targets = [make_target(f"Number {n}") for n in range(3)]
    run(targets[0])
    moved = [attempt(one).due_at for one in targets[1:]]
    assert None not in moved
    # A day has room for one: the second is a day behind the first.
    assert moved[1] - moved[0] >= timedelta(hours=23)  # type: ignore[operator]


def test_where_people_want_to_be_asked_it_is_held(
    make_target: Any, channel: Any, network: Any, allow: Any, actor: Any
) -> None:
    allow(1)
    channels.update(actor=actor, channel=channel, quota_policy="hold")
    first, second = make_target("One"), make_target("Two")
    run(first)
    held = attempt(second)
    assert (held.state, held.hold_reason) == (S.HELD, "quota")
    assert network.posts() == 1
    assert Event.objects.filter(kind="post.held").count() == 1


def test_the_networks_own_refusal_is_believed_and_nothing_is_lost(
    make_target: Any, channel: Any, network: Any, allow: Any, actor: Any, monkeypatch: Any
) -> None:
    allow(50)
    channels.update(actor=actor, channel=channel, slots=SLOTS)
    until = timezone.now() + timedelta(hours=5)
    provider, real = providers.get("mastodon"), type(providers.get("mastodon")).run_stage

    def run_stage(self: Any, stage: str, ctx: Any) -> Any:
        if stage == "submit":
            raise ProviderError(ErrorKind.QUOTA_EXHAUSTED, "Enough for today.", retry_at=until)
        return real(self, stage, ctx)

    monkeypatch.setattr(type(provider), "run_stage", run_stage)
    first, second = make_target("Refused"), make_target("Not even tried")
    moved = attempt(first)
    assert moved.state == S.SCHEDULED
    assert moved.due_at is not None
    assert moved.due_at > until
    assert attempt(second).state == S.SCHEDULED
    assert Attempt.objects.count() == 1  # the meters knew about the second


def test_what_was_refused_or_never_sent_does_not_count(
    make_target: Any, network: Any, allow: Any
) -> None:
    allow(1)
    network.control(scenario="rate_limit")
    target = make_target("Later")
    with pytest.raises(Defer):
        publishing.publish(target=target.pk, job_id=target.job_id)
    network.control(scenario="success")
    assert meters.would_exceed(target.channel.connection, role="post") is None
    assert run(target).state == S.PUBLISHED
    assert meters.would_exceed(target.channel.connection, role="post") is not None


def test_a_doubt_counts_once(make_target: Any, network: Any, allow: Any) -> None:
    allow(2)
    network.control(scenario="accept_then_drop")
    assert run(make_target("Once")).state == S.PUBLISHED
    connection = Target.objects.get().channel.connection
    assert meters.would_exceed(connection, role="post") is None
    assert meters.would_exceed(connection, role="post", planned=1) is not None


def test_the_flight_check_counts_what_is_planned_that_day(make_target: Any, allow: Any) -> None:
    allow(3)
    noon = (timezone.now() + timedelta(days=3)).replace(hour=12, minute=0, second=0)
    targets = [make_target(f"Number {n}", when=noon + timedelta(minutes=n)) for n in range(4)]
    found = [flight.check(again(one)) for one in targets]
    assert [one.level for one in found] == ["green", "amber", "amber", "red"] or [
        one.level for one in found
    ] == ["green", "green", "amber", "red"]
    last = found[3].reasons[0]
    assert (last.code, last.repair) == ("quota", "reschedule")
    assert "3 more are planned before it" in last.message
    assert "move to the next slot" in last.message
    # The next day there is room again.
    later = make_target("Tomorrow", when=noon + timedelta(days=2))
    assert flight.check(again(later)).level == "green"


class TestFairness:
    """An app's quota that many workspaces share is not taken by who comes first."""

    def _account(self, place: Any) -> Any:
        who = Account("1", "@a@one.example", "A", host="https://one.example")
        made = Connected(who, {"token": "x"})
        return connections.store(actor=Actor.system(place), provider="mastodon", connected=made)

    def test_one_workspace_cannot_take_all_100(
        self, workspace: Any, other_workspace: Any, allow: Any
    ) -> None:
        allow(100, scope="app", resets="UTC")
        accounts = {}
        for place in (workspace, other_workspace):
            with workspace_context(place):
                accounts[place.pk] = self._account(place)
                # Planning a post is what makes a workspace known.
                assert meters.would_exceed(accounts[place.pk], role="post") is None
        got = {}
        for place, wishes in ((workspace, 150), (other_workspace, 60)):
            with workspace_context(place):
                got[place.pk] = sum(
                    meters.take(accounts[place.pk], key=f"{place.pk}-{n}", role="post") is None
                    for n in range(wishes)
                )
        late = timezone.now().hour >= 18  # the last quarter of the day is anybody's
        assert got[workspace.pk] == (100 if late else 50)
        assert got[other_workspace.pk] == (0 if late else 50)

    def test_alone_it_may_take_all(self, workspace: Any, allow: Any) -> None:
        allow(20, scope="app")
        with workspace_context(workspace):
            mine = self._account(workspace)
            took = [meters.take(mine, key=str(n), role="post") is None for n in range(25)]
        assert sum(took) == 20

    def test_what_is_full_for_one_is_moved_and_the_other_goes_out(
        self, make_target: Any, in_workspace: Any, other_workspace: Any, allow: Any, network: Any
    ) -> None:
        allow(2, scope="app")
        first, second = make_target("Mine"), make_target("Mine too")
        connection = first.channel.connection
        with workspace_context(other_workspace):
            theirs = self._account(other_workspace)
            type(theirs).objects.filter(pk=theirs.pk).update(
                host=connection.host, app_id=connection.app_id
            )
            theirs.refresh_from_db()
            assert meters.would_exceed(theirs, role="post") is None
        assert run(first).state == S.PUBLISHED
        moved = attempt(second)
        assert moved.state == S.SCHEDULED
        assert moved.due_at is not None
        assert moved.due_at > timezone.now() + timedelta(hours=1)
        with workspace_context(other_workspace):
            assert meters.take(theirs, key="theirs", role="post") is None


def test_release_after_a_full_quota_goes_by_a_persons_word(
    make_target: Any, channel: Any, network: Any, allow: Any, actor: Any
) -> None:
    allow(1)
    channels.update(actor=actor, channel=channel, quota_policy="hold")
    first, second = make_target("One"), make_target("Two")
    run(first)
    attempt(second)
    allow(5)
    posts.publish_now(actor=actor, target=second.pk)
    assert run(second).state == S.PUBLISHED


def test_a_network_that_asked_for_a_pause_is_left_alone_until_then(
    make_target: Any, network: Any, settings: Any, monkeypatch: Any
) -> None:
    until = timezone.now() + timedelta(minutes=3)
    monkeypatch.setattr(meters, "pace", lambda connection, endpoint="all": until)
    target = make_target("Patience")
    monkeypatch.setattr(type(target.channel.connection), "is_sandbox", False)
    with pytest.raises(Defer) as later:
        publishing.publish(target=target.pk, job_id=target.job_id)
    assert later.value.run_at == until
    assert again(target).state == S.SCHEDULED
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("key", ["tiktok"])
@pytest.mark.parametrize("policy", ["hold", "next_slot"])
def test_drafts_of_tiktok_are_counted_by_themselves(
    stage: Any, actor: Any, policy: str, settings: Any
) -> None:
    """Five may wait in the inbox: the sixth is red, then held or moved; direct posts go on."""
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    channels.update(actor=actor, channel=stage.channel, quota_policy=policy, slots=SLOTS)
    draft = replace(stage.sample("A draft"), options={})
    connection = stage.channel.connection
    for number in range(5):
        assert meters.take(connection, key=str(number), role="post", format="video") is None
    sixth = stage.target(draft)
    found = flight.check(again(sixth), ready=draft)
    assert found.quotas == ("drafts",)
    told = next(one for one in found.reasons if one.code == "quota")
    assert told.level == "red"
    assert "inbox in 24 hours: 5 of 5 are used" in told.message
    direct = replace(draft, options={"mode": "direct", "privacy": "SELF_ONLY", "consent": True})
    assert "quota" not in {one.code for one in flight.check(again(sixth), ready=direct).reasons}
    waits = attempt(sixth)
    assert waits.state == (S.HELD if policy == "hold" else S.SCHEDULED)
    assert stage.count() == (0, 0)


@pytest.mark.parametrize("key", ["tiktok"])
def test_a_full_inbox_that_only_tiktok_knows_of_moves_the_draft(
    stage: Any, actor: Any, settings: Any
) -> None:
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    channels.update(actor=actor, channel=stage.channel, slots=SLOTS)
    stage.control("quota_full")
    draft = replace(stage.sample("A draft"), options={})
    moved = attempt(stage.target(draft))
    assert (moved.state, moved.error_code) == (S.SCHEDULED, "quota")
    assert moved.due_at is not None
    assert moved.due_at > timezone.now() + timedelta(minutes=30)
    names = {"drafts": True, "posts": False}
    for one in meters.meters(stage.channel.connection):
        assert one.by_network is names[one.name]
