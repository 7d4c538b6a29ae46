"""Campaigns: a name, a brief and dates around posts."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.knisoci import permissions
from apps.knisoci.errors import BadDate, ContentInvalid
from apps.knisoci.models import Campaign
from apps.knisoci.services import finding
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
        orchestrator.emit(
            actor=actor,
            kind="campaign.created",
            subject=("campaign", str(campaign.pk)),
            data={"name": campaign.name},
            summary=f"Started the campaign “{campaign.name}”",
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
        orchestrator.emit(
            actor=actor,
            kind="campaign.updated",
            subject=("campaign", str(row.pk)),
            data={"fields": sorted(changes)},
            summary=f"Changed the campaign “{row.name}”",
        )
    return row


def _check(campaign: Campaign) -> None:
    if not campaign.name:
        raise ContentInvalid("Give the campaign a name.", field="name")
    if len(campaign.name) > 120:
        raise ContentInvalid("A campaign's name has at most 120 characters.", field="name")
    if campaign.starts_on and campaign.ends_on and campaign.ends_on < campaign.starts_on:
        raise BadDate("The campaign ends before it starts.", field="ends_on")
