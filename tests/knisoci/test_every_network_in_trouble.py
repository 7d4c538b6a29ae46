"""Every network while it cannot, or will not, take a post: nothing is lost, nothing doubled."""

from __future__ import annotations

import pytest
import redis
from django.conf import settings

from apps.integrations.models import QuotaReading
from apps.integrations.services import sandbox
from apps.knisoci.services import channels, posts
from apps.orchestrator.models import Event
from tests.knisoci.conftest import again
from tests.knisoci.stage import ENDINGS, KEYS, S, Stage, finish, promise, step

# What the network is in for a while.
OF_A_WHILE = ("expired", "down", "quota_full", "slow_processing", "expire_polling", "unreadable")
FOR_GOOD = ("revoked", "container_error")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("state", OF_A_WHILE)
def test_what_passes_at_the_network_costs_no_post(stage: Stage, state: str) -> None:
    target = stage.target(stage.sample(f"Through it, {state}"))
    stage.control(state, seconds=1)
    for _ in range(4):
        if again(target).state in ENDINGS:
            break
        step(target)
    stage.control("success")
    row = again(target)
    if row.state == S.HELD:  # not lost: it waits for what only a person or another day can give
        assert row.hold_reason in ("quota", "disconnected")
        if row.hold_reason == "disconnected":
            sandbox.connect(actor=stage.actor, provider=stage.provider.key, login="maren")
            channels.reconnected(actor=stage.actor, channel=stage.channel)
        else:
            posts.publish_now(actor=stage.actor, target=row)
    if row.state == S.SCHEDULED and row.error_code == "quota":
        assert Event.objects.filter(kind="post.moved", data__target=str(row.pk)).exists()
        _another_day()
        posts.publish_now(actor=stage.actor, target=row)
    done = finish(stage, target)
    posts_there, doubled = stage.count()
    assert doubled == 0
    if promise(stage) == "write_only" and done.state == S.UNCONFIRMED:
        return
    assert (done.state, done.error) == (S.PUBLISHED, "")
    assert posts_there == 1


def _another_day() -> None:
    """What the networks said about their quotas does not hold any more."""
    QuotaReading.objects.all().delete()
    valkey = redis.Redis.from_url(settings.REDIS_URL)
    for name in valkey.scan_iter("candy-said:*", count=1000):
        valkey.delete(name)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("state", FOR_GOOD)
def test_what_does_not_pass_is_said_and_nothing_is_lost(stage: Stage, state: str) -> None:
    target = stage.target(stage.sample(f"Not like this, {state}"))
    stage.control(state)
    done = finish(stage, target, seconds=15)
    posts_there, doubled = stage.count()
    assert doubled == 0
    if done.state == S.PUBLISHED:  # a network without that state
        assert state == "container_error"
        return
    assert done.error
    assert posts_there == 0
    assert done.state == (S.HELD if state == "revoked" else S.FAILED)
    assert done.variant.text == f"Not like this, {state}"
