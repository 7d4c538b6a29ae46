"""TikTok's counters: public videos only, twenty at a time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from ..base import Capabilities, ErrorKind, ProviderError
from ..capabilities import MetricDef
from .client import TikTokApi

BATCH = 20
# What a post is known by until TikTok tells its public id, see publishing.Flow.permalink.
_PUBLISH_IDS = ("v_", "p_")


def read(
    api: TikTokApi, remote_ids: Collection[str], facts: Capabilities
) -> dict[str, dict[str, int]]:
    """Drafts that the creator has published meanwhile count under their publish_id."""
    public = {one: _public_id(api, one) for one in remote_ids}
    by_post = {post: ours for ours, post in public.items() if post}
    wanted = list(facts.live_metrics(datetime.now(UTC).date()))
    posts = list(by_post)
    found: dict[str, dict[str, int]] = {}
    for start in range(0, len(posts), BATCH):
        for post, counters in _batch(api, posts[start : start + BATCH], wanted).items():
            if post in by_post:
                found[by_post[post]] = counters
    return found


def _public_id(api: TikTokApi, remote_id: str) -> str:
    if not remote_id.startswith(_PUBLISH_IDS):
        return remote_id
    try:
        posts = api.status(remote_id).get("publicaly_available_post_id") or []
    except ProviderError as error:
        if error.kind is not ErrorKind.VALIDATION:
            raise
        return ""  # TikTok has forgotten it
    return str(posts[0]) if posts else ""


def _batch(api: TikTokApi, posts: list[str], wanted: list[MetricDef]) -> dict[str, dict[str, int]]:
    try:
        return _ask(api, posts, wanted)
    except ProviderError as error:
        if error.kind is not ErrorKind.VALIDATION or len(wanted) < 2:
            raise
    together: dict[str, dict[str, int]] = {}
    for one in wanted:  # a name has died since: the others still count
        try:
            for post, counters in _ask(api, posts, [one]).items():
                together.setdefault(post, {}).update(counters)
        except ProviderError as error:
            if error.kind is not ErrorKind.VALIDATION:
                raise
    return together


def _ask(api: TikTokApi, posts: list[str], wanted: list[MetricDef]) -> dict[str, dict[str, int]]:
    return {
        str(video.get("id")): {
            one.name: int(video[one.remote])
            for one in wanted
            if isinstance(video.get(one.remote), int)
        }
        for video in api.videos(posts, tuple(one.remote for one in wanted))
    }
