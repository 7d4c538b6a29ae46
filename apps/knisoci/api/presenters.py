"""Rows as plain data. Lists are read as tuples and dicts; no model is made for each row."""

from __future__ import annotations

from typing import Any

from apps.knisoci import content
from apps.knisoci.models import Approval, Campaign, Channel, Post, Target, Variant
from apps.knisoci.queries import PostRow, Receipt
from apps.knisoci.services import picturing
from apps.knisoci.transitions import TargetState, derived
from apps.knisoci.types import Flight

TARGET_COLUMNS = (
    "id",
    "post_id",
    "channel_id",
    "channel__name",
    "channel__connection__provider",
    "state",
    "due_at",
    "published_at",
    "permalink",
    "revision",
    "error_code",
    "error",
    "hold_reason",
    "metrics",
    "metrics_at",
    "created_at",
    "parts_done",
    "parts_total",
    "flight__level",
    "price_usd",
)
_ATTEMPT = (
    "part",
    "number",
    "state",
    "stage",
    "stages_done",
    "key",
    "remote_id",
    "permalink",
    "was_adopted",
    "error_code",
    "error",
    "created_at",
    "sent_at",
    "finished_at",
)
_LINE = ("at", "stage", "method", "endpoint", "status", "ms", "meaning")


def present_channel(channel: Channel) -> dict[str, Any]:
    """``channel`` with its connection loaded."""
    return {
        "id": channel.pk,
        "name": channel.name,
        "provider": channel.connection.provider,
        "handle": channel.connection.handle,
        "color": channel.color,
        "time_zone": channel.time_zone,
        "slots": channel.slots,
        "late_policy": channel.late_policy,
        "late_minutes": channel.late_minutes,
        "quota_policy": channel.quota_policy,
        "is_paused": channel.is_paused,
        "pause_reason": channel.pause_reason,
        "connection_state": channel.connection.state,
        "created_at": channel.created_at,
    }


def present_post_row(row: PostRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "excerpt": row.excerpt,
        "state": str(row.state),
        "campaign": row.campaign,
        "author_id": row.author_id,
        "created_at": row.created_at,
        "next_at": row.next_at,
        "targets": [_listed(target) for target in row.targets],
    }


def present_post(post: Post) -> dict[str, Any]:
    """What ``queries.composer`` loads."""
    sheets: list[Variant] = post.sheets  # type: ignore[attr-defined]
    variants = [_variant(sheet) for sheet in sheets]
    return {
        "id": post.pk,
        "title": post.title,
        "brief": post.brief,
        "state": str(derived(v["target"]["state"] for v in variants if v["target"])),
        "campaign_id": post.campaign_id,
        "author_id": post.author_id,
        "created_at": post.created_at,
        "updated_at": post.updated_at,
        "variants": variants,
    }


def present_target(row: dict[str, Any]) -> dict[str, Any]:
    """A row of ``TARGET_COLUMNS``."""
    return {
        **_listed(row),
        "post_id": row["post_id"],
        "revision": row["revision"],
        "error_code": row["error_code"],
        "hold_reason": row["hold_reason"],
        "parts_done": row["parts_done"],
        "parts_total": row["parts_total"],
        "is_incomplete": row["state"] == TargetState.PUBLISHED
        and 0 < row["parts_done"] < row["parts_total"],
        "flight": row["flight__level"],
        "price_usd": row["price_usd"],
        "metrics": row["metrics"],
        "metrics_at": row["metrics_at"],
    }


def present_receipt(
    receipt: Receipt, target: dict[str, Any], approval: Approval | None
) -> dict[str, Any]:
    parts = {one.pk: one.part for one in receipt.attempts}
    return {
        "target": target,
        "approval": None if approval is None else present_approval(approval, receipt.target),
        "attempts": [{name: getattr(one, name) for name in _ATTEMPT} for one in receipt.attempts],
        "lines": [
            {
                **{name: getattr(one, name) for name in _LINE},
                "part": parts.get(one.attempt_id, 0) if one.attempt_id else 0,
            }
            for one in receipt.lines
        ],
    }


def present_approval(approval: Approval, target: Target) -> dict[str, Any]:
    """``target`` with its variant loaded. One statement."""
    job = picturing.job_of(approval)
    return {
        "id": approval.pk,
        "revision": approval.revision,
        "content_hash": approval.content_hash,
        "is_current": approval.content_hash == target.variant.content_hash,
        "approved_at": approval.approved_at,
        "approved_by": approval.approved_by_label,
        "content": approval.snapshot,
        "html": approval.html,
        "picture": {
            "address": f"targets/{target.pk}/approvals/{approval.pk}/picture",
            "kind": approval.picture_kind or None,
            "width": approval.picture_width,
            "height": approval.picture_height,
            "made_at": approval.picture_at,
            "job": job.state if job is not None else None,
        },
    }


def present_campaign(campaign: Campaign) -> dict[str, Any]:
    return {
        "id": campaign.pk,
        "name": campaign.name,
        "color": campaign.color,
        "starts_on": campaign.starts_on,
        "ends_on": campaign.ends_on,
        "is_paused": campaign.is_paused,
        "pause_reason": campaign.pause_reason,
        "created_at": campaign.created_at,
    }


def present_flight(found: Flight) -> dict[str, Any]:
    return {**found.as_json(), "price_usd": found.price_usd}


def _variant(sheet: Variant) -> dict[str, Any]:
    channel = sheet.channel
    target: Target | None = getattr(sheet, "target", None)
    return {
        "channel_id": channel.pk,
        "channel": channel.name,
        "provider": channel.connection.provider,
        "text": sheet.text,
        "language": sheet.language,
        "media": sheet.media,
        "options": sheet.options,
        **{name: getattr(sheet, name) for name in content.SHAPE},
        "voice_score": sheet.voice_score,
        "written_by": sheet.written_by,
        "target": None if target is None else _of_model(target, channel),
    }


def _of_model(target: Target, channel: Channel) -> dict[str, Any]:
    return {
        "id": target.pk,
        "channel_id": channel.pk,
        "channel": channel.name,
        "provider": channel.connection.provider,
        "state": str(target.state),
        "due_at": target.due_at,
        "published_at": target.published_at,
        "permalink": target.permalink,
        "error": target.error,
    }


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "channel_id": row["channel_id"],
        "channel": row["channel__name"],
        "provider": row["channel__connection__provider"],
        "state": row["state"],
        "due_at": row["due_at"],
        "published_at": row["published_at"],
        "permalink": row["permalink"],
        "error": row["error"],
    }
