"""Every network under every fault of a call, through the real engine: once, or plainly not at all.

Nothing here names a network. What a network takes is read from its capability file, so a folder
that is added is tested and one that is removed is not missed.
"""

from __future__ import annotations

import pytest

from tests.knisoci.stage import KEYS, S, Stage, finish, promise

# Faults of one publishing call; the network behaves again afterwards.
OF_A_CALL = (
    "accept_then_drop",
    "error_after_accept",
    "error_before_accept",
    "rate_limit",
    "slow",
)


@pytest.mark.parametrize("key", KEYS)
def test_its_smallest_post_goes_out_and_is_readable(stage: Stage) -> None:
    done = finish(stage, stage.target(stage.sample("A first word")))
    assert (done.state, done.error) == (S.PUBLISHED, "")
    assert stage.count() == (1, 0)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("fault", OF_A_CALL)
def test_a_faulty_call_is_sent_once_or_shown_to_a_person(stage: Stage, fault: str) -> None:
    stage.control(fault, nth=1, seconds=1.5 if fault == "slow" else 1)
    done = finish(stage, stage.target(stage.sample(f"Only once, {fault}")))
    posts_there, doubled = stage.count()
    assert doubled == 0
    if promise(stage) == "write_only" and done.state == S.UNCONFIRMED:
        assert posts_there <= 1
        return
    assert (done.state, done.error) == (S.PUBLISHED, "")
    assert posts_there == 1


@pytest.mark.parametrize("key", KEYS)
def test_the_control_sees_a_double(stage: Stage) -> None:
    """The negative control: a network that gets the same twice counts it."""
    same = stage.sample("Twice")
    ways = [stage.target(same) for _ in range(2)]
    seconds = stage.provider.capabilities.publishing.repeats_refused_seconds
    finish(stage, ways[0])
    stage.control("success", clock_offset=seconds + 60)
    finish(stage, ways[1])
    assert stage.count() == (2, 1)
