"""Threads and carousels with a fault at each part: they go on there, in order, nothing twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.integrations import providers
from apps.integrations.providers.base import Piece
from tests.knisoci.stage import S, Stage, finish

FAULTS = ("accept_then_drop", "error_after_accept", "error_before_accept", "rate_limit")
THREADS = [
    provider.key
    for provider in providers.all_publishers()
    if provider.capabilities.thread and provider.capabilities.publishing.promise != "write_only"
]
CAROUSELS = [
    provider.key
    for provider in providers.all_publishers()
    if (form := provider.capabilities.format("carousel")) and form.max_media >= 10
]


@pytest.mark.parametrize("key", THREADS[:1])
@pytest.mark.parametrize("number", range(1, 11))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_thread_with_a_fault_at_one_part_goes_on_there(
    stage: Stage, number: int, fault: str
) -> None:
    _thread_with_a_fault(stage, number, fault)


@pytest.mark.parametrize("key", THREADS[1:])
@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("fault", FAULTS)
def test_each_other_networks_thread_does_too(stage: Stage, number: int, fault: str) -> None:
    _thread_with_a_fault(stage, number, fault)


def _thread_with_a_fault(stage: Stage, number: int, fault: str) -> None:
    pieces = tuple(Piece(f"Part {n} of ten") for n in range(2, 11))
    target = stage.target(replace(stage.sample("Part 1 of ten"), thread=pieces))
    stage.control(fault, nth=number, seconds=1, point="post")
    done = finish(stage, target)
    assert (done.state, done.error, done.parts_done) == (S.PUBLISHED, "", 10)
    assert stage.count() == (10, 0)
    order = [attempt.part for attempt in done.attempts.filter(state="succeeded").order_by("id")]
    assert order == list(range(10))
    assert stage.network.state(stage.provider.key)["faults"][fault] == 1


@pytest.mark.parametrize("key", CAROUSELS[:1])
@pytest.mark.parametrize("number", range(1, 11))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_carousel_with_a_fault_at_one_picture_goes_on_there(
    stage: Stage, number: int, fault: str
) -> None:
    target = stage.target(stage.sample("Ten pictures", shape="carousel", count=10))
    stage.control(fault, nth=number, seconds=1, point="container")
    done = finish(stage, target)
    assert (done.state, done.error) == (S.PUBLISHED, "")
    assert stage.count() == (1, 0)
    assert stage.network.state(stage.provider.key)["faults"][fault] == 1
