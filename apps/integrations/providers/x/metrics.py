"""Reading a post's numbers from X, as far as its age and the account allow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..capabilities import Capabilities
from ..errors import ErrorKind, ProviderError
from .client import XApi

BATCH = 100
# Private numbers end with the 30th day; an hour less, because clocks differ.
PRIVATE_DAYS = timedelta(days=30) - timedelta(hours=1)
EPOCH_MS = 1_288_834_974_657  # where X's ids begin to count
PUBLIC, PRIVATE = "public_metrics", "non_public_metrics"


def created_at(post_id: str) -> datetime:
    """When a post was made: an id holds it."""
    return datetime.fromtimestamp(((int(post_id) >> 22) + EPOCH_MS) / 1000, UTC)


def read(
    api: XApi, facts: Capabilities, ids: Collection[str], now: datetime
) -> dict[str, dict[str, int]]:
    """Counters by id in Candy's names. Old posts are asked for their public numbers only."""
    known = [one for one in ids if one.isascii() and one.isdigit() and len(one) <= 19]
    young = [one for one in known if now - created_at(one) < PRIVATE_DAYS]
    old = [one for one in known if one not in set(young)]
    found: dict[str, dict[str, int]] = {}
    for batch in _batches(young):
        for post in _posts(api, batch, (PUBLIC, PRIVATE)):
            found.setdefault(str(post["id"]), {}).update(_numbers(post, facts, now))
    for batch in _batches(old):
        for post in _posts(api, batch, (PUBLIC,)):
            found[str(post["id"])] = _numbers(post, facts, now)
    return found


def _posts(api: XApi, ids: list[str], fields: tuple[str, ...]) -> Iterable[dict[str, Any]]:
    """One call; when a field spoils it, each field by itself."""
    try:
        posts = api.posts(ids, fields)
    except ProviderError as error:
        if error.kind not in (ErrorKind.VALIDATION, ErrorKind.POLICY_BLOCKED):
            raise
        if len(fields) == 1:
            return
        for field in fields:
            yield from _posts(api, ids, (field,))
        return
    yield from posts
    # A private field that X withholds for one post may take the whole post with it.
    missing = [one for one in ids if one not in {str(post.get("id")) for post in posts}]
    if missing and PRIVATE in fields and len(fields) > 1:
        yield from _posts(api, missing, (PUBLIC,))


def _numbers(post: Mapping[str, Any], facts: Capabilities, now: datetime) -> dict[str, int]:
    numbers = {}
    for metric in facts.live_metrics(now.date()):
        group, _, name = metric.remote.partition(".")
        value = (post.get(group) or {}).get(name)
        if isinstance(value, int):
            numbers[metric.name] = value
    return numbers


def _batches(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
