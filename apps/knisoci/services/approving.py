"""What somebody let go out: remembered with the content as it was, for the flight check and receipt."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.knisoci import content, permissions
from apps.knisoci.errors import InFlight
from apps.knisoci.models import Approval, Target, Variant
from apps.knisoci.services import finding, holding, picturing
from apps.knisoci.transitions import EDITABLE, TargetState, move
from apps.media import queries as media
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor


def approve(*, actor: Actor, target: Target | UUID) -> Target:
    """Let the content as it stands go out. A draft becomes approved; what was held for it goes on.

    Event post.approved. Raises InFlight once it is on its way or out.
    """
    actor.require(permissions.PUBLISH)
    with transaction.atomic():
        row = finding.get(Target, target, lock=True)
        if row.state not in EDITABLE:
            raise InFlight("This post is on its way or out already.")
        row.approved_hash = record(actor, row)
        row.updated_at = timezone.now()
        row.save(update_fields=["approved_hash", "updated_at"])
        move(row, TargetState.APPROVED, only_from=(TargetState.DRAFT, TargetState.IN_REVIEW))
        orchestrator.emit(
            actor=actor,
            kind="post.approved",
            subject=("post", str(row.post_id)),
            data={"target": str(row.pk), "channel": str(row.channel_id)},
            summary=f"Approved {holding.name(row)}",
        )
        if row.state == TargetState.HELD and row.hold_reason == "approval":
            holding.release(actor, [row])
    return row


def record(actor: Actor, target: Target) -> str:
    """Keep what `target` would send now as approved by `actor`; returns its hash.

    The caller writes the hash on the target. Inside the caller's transaction. Needs `variant` and
    `channel.connection` loaded.
    """
    variant = target.variant
    kept, is_new = Approval.objects.get_or_create(
        target=target,
        content_hash=variant.content_hash,
        defaults={
            "revision": target.revision,
            "snapshot": snapshot(variant, target),
            "approved_by_id": actor.user_id,
            "approved_by_label": actor.label[:200],
        },
    )
    if is_new:
        picturing.plan(kept)
    return variant.content_hash


def snapshot(variant: Variant, target: Target) -> dict[str, Any]:
    """All that goes out, as plain data: the account, the words, and files with their descriptions."""
    connection = target.channel.connection
    wanted = [str(pk) for pk in variant.media]
    for piece in variant.thread:
        wanted += [str(pk) for pk in piece.get("media", ())]
    return {
        "provider": connection.provider,
        "account": {"name": connection.name, "handle": connection.handle},
        "text": variant.text,
        "language": variant.language,
        "media": [str(pk) for pk in variant.media],
        "options": dict(variant.options),
        **{name: getattr(variant, name) for name in content.SHAPE},
        "files": {
            str(asset.pk): {"name": asset.name, "alt_text": asset.alt_text, "mime": asset.mime}
            for asset in media.in_order(wanted)
        },
    }


def latest(target: Target) -> Approval | None:
    """What was let go last. For a target that is out: the approval of what went out. One statement."""
    found = list(Approval.objects.filter(target=target))
    same = [one for one in found if one.content_hash == target.approved_hash]
    return next(reversed(same or found), None)
