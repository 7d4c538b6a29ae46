"""Rows as what actions answer."""

from __future__ import annotations

from apps.knisoci.models import Post, Target
from apps.knisoci.transitions import derived
from apps.knisoci.types import (
    PostOutput,
    TargetOutput,
)


def target_output(target: Target) -> TargetOutput:
    return TargetOutput(
        id=target.pk,
        channel=target.channel_id,
        state=str(target.state),
        due_at=target.due_at,
        permalink=target.permalink,
        error=target.error,
        hold_reason=target.hold_reason,
        parts_done=target.parts_done,
        parts_total=target.parts_total,
        is_incomplete=target.is_incomplete,
        flight=target.flight.get("level", ""),
        price_usd=target.price_usd,
    )


def post_output(post: Post) -> PostOutput:
    targets = list(post.targets.order_by("id"))
    return PostOutput(
        id=post.pk,
        title=post.title,
        state=derived(target.state for target in targets),
        targets=[target_output(target) for target in targets],
    )
