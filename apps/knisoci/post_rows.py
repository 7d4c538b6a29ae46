"""The list of posts, in one statement written by hand: it is the read that programs ask for most."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from apps.knisoci.transitions import TargetState, derived

EXCERPT = 140

# A filter that is not given is NULL, and the planner drops it: values are in the text it gets.
_STATEMENT = """
WITH page AS (
    SELECT post.id, post.title, campaign.name, post.author_id, post.created_at
    FROM knisoci_post post
    LEFT JOIN knisoci_campaign campaign ON campaign.id = post.campaign_id
    WHERE (%(before)s::uuid IS NULL OR post.id < %(before)s::uuid)
      AND (%(campaign)s::uuid IS NULL OR post.campaign_id = %(campaign)s::uuid)
      AND ((%(state)s::text IS NULL AND %(channel)s::uuid IS NULL) OR post.id IN (
          SELECT post_id FROM knisoci_target
          WHERE (%(state)s::text IS NULL OR state = %(state)s::text)
            AND (%(channel)s::uuid IS NULL OR channel_id = %(channel)s::uuid)))
      AND (%(pattern)s::text IS NULL OR upper(post.title) LIKE upper(%(pattern)s::text)
          OR EXISTS (
              SELECT FROM knisoci_variant
              WHERE post_id = post.id AND upper(text) LIKE upper(%(pattern)s::text)))
    ORDER BY post.id DESC
    LIMIT %(limit)s
)
SELECT page.*, target.id, target.channel_id, channel.name, channel.color, connection.provider,
    target.state, target.due_at, target.published_at, target.permalink, target.error,
    left(variant.text, %(excerpt)s)
FROM page
LEFT JOIN (
    knisoci_target target
    JOIN knisoci_variant variant ON variant.id = target.variant_id
    JOIN knisoci_channel channel ON channel.id = target.channel_id
    JOIN integrations_connection connection ON connection.id = channel.connection_id
) ON target.post_id = page.id
ORDER BY page.id DESC, target.id
"""
_OF_POST = 5  # columns
_TARGET = (
    "id",
    "channel_id",
    "channel__name",
    "channel__color",
    "channel__connection__provider",
    "state",
    "due_at",
    "published_at",
    "permalink",
    "error",
    "excerpt",
)


@dataclass(slots=True)
class PostRow:
    """A post in a list, with its targets in the order they were made."""

    id: UUID
    title: str
    campaign: str
    author_id: int | None
    created_at: datetime
    excerpt: str = ""
    state: str = TargetState.DRAFT
    next_at: datetime | None = None
    targets: list[dict[str, Any]] = field(default_factory=list)


def posts(
    *,
    state: str | None = None,
    campaign: UUID | None = None,
    channel: UUID | None = None,
    search: str = "",
    before: UUID | None = None,
    limit: int = 50,
) -> list[PostRow]:
    """Posts, newest first, below the id `before`. One statement, however many targets there are."""
    search = search.replace("\x00", "").strip()
    given = {
        "state": state or None,
        "campaign": campaign,
        "channel": channel,
        "pattern": f"%{connection.ops.prep_for_like_query(search)}%" if search else None,
        "before": before,
        "limit": limit,
        "excerpt": EXCERPT,
    }
    found: dict[UUID, PostRow] = {}
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT, given)
        for line in cursor.fetchall():
            row = found.get(line[0])
            if row is None:
                pk, title, campaign_name, author_id, created_at = line[:_OF_POST]
                row = found[pk] = PostRow(pk, title, campaign_name or "", author_id, created_at)
            if line[_OF_POST] is not None:
                row.targets.append(dict(zip(_TARGET, line[_OF_POST:], strict=True)))
    for row in found.values():
        _sum_up(row)
    return list(found.values())


def _sum_up(row: PostRow) -> None:
    row.state = derived(target["state"] for target in row.targets)
    row.excerpt = next((target["excerpt"] for target in row.targets if target["excerpt"]), "")
    row.next_at = min((t["due_at"] for t in row.targets if t["due_at"]), default=None)
