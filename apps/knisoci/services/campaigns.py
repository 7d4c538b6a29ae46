"""Campaigns: a name, a brief and dates around posts."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.knisoci import permissions
from apps.knisoci.errors import BadDate, ContentInvalid
from apps.knisoci.models import Campaign
from apps.knisoci.services import finding, holding
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor

_FIELDS = frozenset({"name", "brief", "color", "starts_on", "ends_on", "is_archived"})


def create(
    *,
    actor: Actor,
    name: str,
    brief: dict[str, Any] | None = None,
    color: str = "",
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Campaign:
    """Event campaign.created. Raises ContentInvalid (name), BadDate (ends_on)."""
    actor.require(permissions.WRITE)
    campaign = Campaign(
        name=name.replace("\x00", "").strip(),
        brief=brief or {},
        color=color,
        starts_on=starts_on,
        ends_on=ends_on,
        created_by_id=actor.user_id,
    )
    _check(campaign)
    with transaction.atomic():
        campaign.save(force_insert=True)
        _emit(
            actor,
            campaign,
            "campaign.created",
            f"Started the campaign “{campaign.name}”",
            name=campaign.name,
        )
    return campaign


def update(*, actor: Actor, campaign: Campaign | UUID, **changes: Any) -> Campaign:
    """Change name, brief, color, starts_on, ends_on or is_archived. Event campaign.updated."""
    actor.require(permissions.WRITE)
    unknown = changes.keys() - _FIELDS
    if unknown:
        raise TypeError(f"A campaign has no {sorted(unknown)}")
    with transaction.atomic():
        row = finding.get(Campaign, campaign, lock=True)
        for name, value in changes.items():
            setattr(row, name, value)
        _check(row)
        row.save(update_fields=list(changes))
        _emit(
            actor,
            row,
            "campaign.updated",
            f"Changed the campaign “{row.name}”",
            fields=sorted(changes),
        )
    return row


def pause(*, actor: Actor, campaign: Campaign | UUID, reason: str = "") -> Campaign:
    """Nothing of this campaign goes out until it is resumed. Event campaign.paused.

    Takes effect before the next call to a network; a call on the air is not taken back.
    """
    actor.require(permissions.STOP)
    with transaction.atomic():
        row = finding.get(Campaign, campaign, lock=True)
        if not row.is_paused:
            row.is_paused, row.paused_at, row.pause_reason = True, timezone.now(), reason[:200]
            row.save(update_fields=["is_paused", "paused_at", "pause_reason"])
            _emit(actor, row, "campaign.paused", f"Paused the campaign “{row.name}”")
    return row


def resume(*, actor: Actor, campaign: Campaign | UUID) -> int:
    """Let the campaign go on; returns how many held posts go out, one a minute per channel.

    Event campaign.resumed.
    """
    actor.require(permissions.STOP)
    with transaction.atomic():
        row = finding.get(Campaign, campaign, lock=True)
        row.is_paused, row.paused_at, row.pause_reason = False, None, ""
        row.save(update_fields=["is_paused", "paused_at", "pause_reason"])
        let_go = holding.release(actor, holding.held("campaign", post__campaign=row))
        _emit(actor, row, "campaign.resumed", f"Resumed the campaign “{row.name}”", released=let_go)
    return let_go


def _emit(actor: Actor, campaign: Campaign, kind: str, summary: str, **data: Any) -> None:
    orchestrator.emit(
        actor=actor,
        kind=kind,
        subject=("campaign", str(campaign.pk)),
        data=data,
        summary=summary,
    )


def _check(campaign: Campaign) -> None:
    if not campaign.name:
        raise ContentInvalid("Give the campaign a name.", field="name")
    if len(campaign.name) > 120:
        raise ContentInvalid("A campaign's name has at most 120 characters.", field="name")
    if campaign.starts_on and campaign.ends_on and campaign.ends_on < campaign.starts_on:
        raise BadDate("The campaign ends before it starts.", field="ends_on")
