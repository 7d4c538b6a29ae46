"""Which of the written candidates become a post."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from apps.knisoci.services import drafting


def channel(network: str) -> Any:
    return SimpleNamespace(pk=uuid4(), provider=network)


def candidate(network: str, text: str, score: int = 50, verdict: str = "pass") -> Any:
    return SimpleNamespace(
        pk=uuid4(), network=network, text=text, score=score, verdict=verdict, writer="built-in"
    )


def test_each_channel_gets_the_best_that_the_guards_let_through() -> None:
    one, two, silent = channel("mastodon"), channel("mastodon"), channel("bluesky")
    written = [
        candidate("mastodon", "fair", 60),
        candidate("mastodon", "good", 80, "warn"),
        candidate("mastodon", "blocked", 99, "block"),
        candidate("bluesky", "blocked too", 90, "block"),
    ]
    found = drafting.variants(candidates=written, channels=[one, two, silent])
    assert [(row["channel"], row["text"]) for row in found] == [(one, "good"), (two, "good")]
    assert (found[0]["voice_score"], found[0]["written_by"]) == (80, "built-in")


def test_a_person_picks_and_rewrites() -> None:
    first, second = channel("mastodon"), channel("bluesky")
    mine, better, theirs = (
        candidate("mastodon", "mine", 10),
        candidate("mastodon", "better", 90),
        candidate("bluesky", "theirs"),
    )
    found = drafting.variants(
        candidates=[mine, better, theirs],
        channels=[first, second],
        picks={first.pk: str(mine.pk), second.pk: str(theirs.pk)},
        texts={str(mine.pk): "mine, shorter", str(theirs.pk): ""},
    )
    assert [row["text"] for row in found] == ["mine, shorter", "theirs"]


def test_a_pick_that_was_written_for_another_network_is_none() -> None:
    here, foreign = channel("mastodon"), candidate("bluesky", "too short for here")
    for pick in (str(foreign.pk), str(uuid4()), ""):
        assert not drafting.variants(candidates=[foreign], channels=[here], picks={here.pk: pick})
