"""Posts that are planned while somebody sets the machine's time: each once, none before its time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.knisoci.models import Attempt, LatePolicy, Target
from apps.knisoci.services import posts
from apps.knisoci.transitions import TargetState
from tests.orchestrator.conftest import run_until_idle
from tests.support.networks import Networks
from tests.support.steps import WallClock, stepping_time

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wall() -> Iterator[WallClock]:
    with stepping_time() as found:
        yield found


@pytest.mark.parametrize("steps", [(1, -1, 1), (-1, 1, 1), (-1, -1, 1, 1, 1)])
def test_each_post_goes_out_once_and_not_before_its_time_of_day(
    channel: Any, actor: Any, network: Networks, wall: WallClock, steps: tuple[int, ...]
) -> None:
    for minutes in (20, 50):
        post = posts.create(
            actor=actor,
            title="Winter",
            variants=[{"channel": channel, "text": f"In {minutes} minutes"}],
        )
        posts.schedule(
            actor=actor,
            post=post,
            when=timezone.now() + timedelta(minutes=minutes),
            late_policy=LatePolicy.PUBLISH,
            late_minutes=180,
        )
    for step in steps:
        wall.set(hours=step)
        run_until_idle()
        for target in Target.objects.exclude(state=TargetState.SCHEDULED):
            first = Attempt.objects.filter(target=target).earliest("created_at")
            assert first.sent_at is not None
            assert target.due_at is not None
            assert first.sent_at >= target.due_at
    assert set(Target.objects.values_list("state", flat=True)) == {TargetState.PUBLISHED}
    assert network.posts() == 2
    assert not sum(network.state()["duplicates"].values())
