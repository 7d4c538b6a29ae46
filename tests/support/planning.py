"""Many scheduled posts at once, where planning them is not what is tried."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apps.knisoci import content
from apps.knisoci.models import Post, Target, Variant
from apps.knisoci.services import posts
from apps.knisoci.transitions import TargetState
from apps.knisoci.types import PublishTargetInput
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor


def plan(
    *,
    actor: Actor,
    channel: Any,
    texts: Sequence[str],
    due: Sequence[datetime],
    late_minutes: int | None = None,
    **fields: Any,
) -> None:
    """A post on `channel` for each of `texts`, at the moment in `due` beside it.

    The first goes through the services; the others are rows like it, written in bulk. `fields` are
    those of a variant. Needs to be in the channel's workspace.
    """
    post = posts.create(
        actor=actor,
        title=texts[0],
        variants=[{"channel": channel, "text": texts[0], **fields}],
    )
    (first,) = posts.schedule(actor=actor, post=post, when=due[0], late_minutes=late_minutes)
    _copy(actor, first, texts[1:], due[1:])


def _copy(actor: Actor, like: Target, texts: Sequence[str], due: Sequence[datetime]) -> None:
    at_once: dict[datetime, list[Target]] = defaultdict(list)
    for text, moment in zip(texts, due, strict=True):
        at_once[moment].append(_row_like(like, text, moment))
    targets = [target for group in at_once.values() for target in group]
    Post.objects.bulk_create((target.post for target in targets), batch_size=1000)
    Variant.objects.bulk_create((target.variant for target in targets), batch_size=1000)
    for moment, group in at_once.items():
        jobs = orchestrator.enqueue_many(
            actor=actor,
            action="knisoci.publish_target",
            inputs=[
                PublishTargetInput(target=target.pk, account=like.channel.connection_id)
                for target in group
            ],
            run_at=moment,
        )
        for target, job in zip(group, jobs, strict=True):
            target.job_id = job.pk
    Target.objects.bulk_create(targets, batch_size=1000)


def _row_like(like: Target, text: str, due: datetime) -> Target:
    variant = Variant(
        post=Post(title=text[:200]),
        channel=like.channel,
        text=text,
        title=text[:60] if like.variant.title else "",
        media=like.variant.media,
        options=like.variant.options,
        format=like.variant.format,
    )
    variant.content_hash = content.digest_of(variant)
    target = Target(
        variant=variant,
        post=variant.post,
        channel=like.channel,
        due_at=due,
        late_policy=like.late_policy,
        late_minutes=like.late_minutes,
    )
    target.state = TargetState.SCHEDULED
    return target
