"""From written candidates to the variants of a post."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from apps.knisoci.models import Channel

if TYPE_CHECKING:
    from apps.agents.models import Candidate


def variants(
    *,
    candidates: Iterable[Candidate],
    channels: Iterable[Channel],
    picks: Mapping[UUID, str] | None = None,
    texts: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """What `posts.create` takes as `variants`: one for each channel that a candidate is written for.

    That is the one whose id `picks` names for the channel's id; without `picks` the best by voice
    that the guards let through. `texts`: what a person made of a candidate, by its id.
    """
    written = list(candidates)
    found = []
    for channel in channels:
        options = [one for one in written if one.network == channel.provider]
        chosen = _best(options) if picks is None else _picked(options, picks.get(channel.pk, ""))
        if chosen is not None:
            found.append(
                {
                    "channel": channel,
                    "text": (texts or {}).get(str(chosen.pk)) or chosen.text,
                    "voice_score": chosen.score,
                    "written_by": chosen.writer,
                }
            )
    return found


def _best(options: list[Candidate]) -> Candidate | None:
    usable = [one for one in options if one.verdict != "block"]
    return max(usable, key=lambda one: one.score, default=None)


def _picked(options: list[Candidate], key: str) -> Candidate | None:
    return next((one for one in options if str(one.pk) == key), None)
