"""Channels: add, change, pause, archive; and the workspace's emergency stop."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.integrations.models import Connection
from apps.knisoci import permissions, slots
from apps.knisoci.errors import BadDate, ChannelInUse, ContentInvalid
from apps.knisoci.models import Channel, LatePolicy, PublishingStop, QuotaPolicy
from apps.knisoci.services import finding, holding
from apps.knisoci.transitions import IN_FLIGHT, TargetState
from apps.orchestrator import services as orchestrator
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

_FIELDS = frozenset(
    {"name", "color", "time_zone", "slots", "late_policy", "late_minutes", "quota_policy"}
)
_COLOR = re.compile(r"#[0-9a-f]{6}")
DEFAULT_SLOTS = tuple((day, at) for day in range(5) for at in ("09:00", "15:00"))


def add(
    *,
    actor: Actor,
    connection: Connection,
    name: str = "",
    color: str = "",
    time_zone: str | None = None,
    slots: Iterable[Any] = DEFAULT_SLOTS,
) -> Channel:
    """The channel of `connection`, made where there is none. Event channel.added.

    Raises BadDate (slots, time_zone), ContentInvalid (name, color).
    """
    actor.require(permissions.MANAGE_CHANNELS)
    with transaction.atomic():
        Connection.objects.select_for_update().get(pk=connection.pk)
        existing = Channel.objects.filter(connection=connection, is_archived=False).first()
        if existing is not None:
            return existing
        channel = Channel(
            connection=connection,
            name=(name or connection.name or connection.handle)[:120],
            color=color,
            time_zone=time_zone or require_workspace().time_zone,
            slots=list(slots),
        )
        _check(channel)
        channel.save(force_insert=True)
        _emit(actor, channel, "channel.added", f"Added the channel {channel.name}")
    return channel


def update(*, actor: Actor, channel: Channel | UUID, **changes: Any) -> Channel:
    """Change name, color, time_zone, slots, late_policy, late_minutes or quota_policy.

    Event channel.updated.

    What is scheduled already keeps its time. Raises as `add`.
    """
    actor.require(permissions.MANAGE_CHANNELS)
    unknown = changes.keys() - _FIELDS
    if unknown:
        raise TypeError(f"A channel has no {sorted(unknown)}")
    with transaction.atomic():
        row = finding.get(Channel, channel, lock=True)
        for name, value in changes.items():
            setattr(row, name, value)
        _check(row)
        row.save(update_fields=list(changes))
        _emit(actor, row, "channel.updated", f"Changed the channel {row.name}")
    return row


def archive(*, actor: Actor, channel: Channel | UUID) -> Channel:
    """Take a channel out of use; its history stays. Raises ChannelInUse while posts wait on it."""
    actor.require(permissions.MANAGE_CHANNELS)
    with transaction.atomic():
        row = finding.get(Channel, channel, lock=True)
        waiting = row.targets.filter(state__in=IN_FLIGHT | {TargetState.SCHEDULED}).count()
        if waiting:
            raise ChannelInUse(
                f"{waiting} posts are still scheduled on {row.name}. Move or cancel them first."
            )
        row.is_archived = True
        row.save(update_fields=["is_archived"])
        _emit(actor, row, "channel.archived", f"Archived the channel {row.name}")
    return row


def pause(*, actor: Actor, channel: Channel | UUID, reason: str = "") -> Channel:
    """Nothing goes out on this channel until it is resumed. Event channel.paused.

    Takes effect before the next call to the network; a call on the air is not taken back.
    """
    actor.require(permissions.STOP)
    with transaction.atomic():
        row = finding.get(Channel, channel, lock=True)
        if not row.is_paused:
            row.is_paused, row.paused_at, row.pause_reason = True, timezone.now(), reason[:200]
            row.save(update_fields=["is_paused", "paused_at", "pause_reason"])
            _emit(actor, row, "channel.paused", f"Paused {row.name}")
    return row


def resume(*, actor: Actor, channel: Channel | UUID) -> int:
    """Let the channel publish again; returns how many held posts go out, one a minute.

    Event channel.resumed.
    """
    actor.require(permissions.STOP)
    with transaction.atomic():
        row = finding.get(Channel, channel, lock=True)
        row.is_paused, row.paused_at, row.pause_reason = False, None, ""
        row.save(update_fields=["is_paused", "paused_at", "pause_reason"])
        let_go = holding.release(actor, holding.held("paused", channel=row))
        _emit(actor, row, "channel.resumed", f"Resumed {row.name}", released=let_go)
    return let_go


def reconnected(*, actor: Actor, channel: Channel | UUID) -> int:
    """The account is back: let go what was held for it; returns how many go out."""
    actor.require(permissions.PUBLISH)
    with transaction.atomic():
        row = finding.get(Channel, channel, lock=True)
        let_go = holding.release(actor, holding.held("disconnected", channel=row))
        _emit(actor, row, "channel.reconnected", f"{row.name} is connected", released=let_go)
    return let_go


def stop_publishing(*, actor: Actor, reason: str = "") -> PublishingStop:
    """The emergency stop: nothing more goes out in this workspace. Event publishing.stopped."""
    actor.require(permissions.STOP)
    with transaction.atomic():
        stop, created = PublishingStop.objects.get_or_create(
            resumed_at=None, defaults={"reason": reason[:200], "stopped_by_id": actor.user_id}
        )
        if created:
            orchestrator.emit(
                actor=actor,
                kind="publishing.stopped",
                subject=("workspace", str(actor.workspace_id)),
                data={"reason": stop.reason},
                summary="Stopped all publishing",
            )
    return stop


def resume_publishing(*, actor: Actor) -> int:
    """End the emergency stop; returns how many held posts go out, one a minute per channel."""
    actor.require(permissions.STOP)
    with transaction.atomic():
        ended = PublishingStop.objects.filter(resumed_at=None).update(
            resumed_at=timezone.now(), resumed_by_id=actor.user_id
        )
        if not ended:
            return 0
        let_go = holding.release(actor, holding.held("stopped"))
        orchestrator.emit(
            actor=actor,
            kind="publishing.resumed",
            subject=("workspace", str(actor.workspace_id)),
            data={"released": let_go},
            summary="Publishing goes on",
        )
    return let_go


def _check(channel: Channel) -> None:
    channel.name = channel.name.strip()
    if not 1 <= len(channel.name) <= 120:
        raise ContentInvalid("A channel's name has 1 to 120 characters.", field="name")
    if channel.color and not _COLOR.fullmatch(channel.color.lower()):
        raise ContentInvalid("Write the colour like #ff8800.", field="color")
    slots.zone(channel.time_zone)
    channel.slots = slots.as_json(slots.parse(channel.slots))
    if channel.late_policy not in LatePolicy.values:
        raise BadDate(
            f"“{channel.late_policy}” is not a policy for late posts.", field="late_policy"
        )
    if channel.quota_policy not in QuotaPolicy.values:
        raise BadDate(
            f"“{channel.quota_policy}” is not a policy for full quotas.", field="quota_policy"
        )
    if not 0 <= channel.late_minutes <= 7 * 24 * 60:
        raise BadDate("A post may be at most seven days late.", field="late_minutes")


def _emit(actor: Actor, channel: Channel, kind: str, summary: str, **data: Any) -> None:
    orchestrator.emit(
        actor=actor,
        kind=kind,
        subject=("channel", str(channel.pk)),
        data={"channel": str(channel.pk), **data},
        summary=summary,
    )
