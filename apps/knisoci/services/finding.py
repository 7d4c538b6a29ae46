"""Looking things up for services: by row or by id, with the error a person can read."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError

from apps.errors import NotFound
from apps.knisoci.errors import (
    CampaignNotFound,
    ChannelNotFound,
    PostNotFound,
    TargetNotFound,
)
from apps.knisoci.models import Campaign, Channel, Post, Target

Row = TypeVar("Row", Campaign, Channel, Post, Target)
_MISSING: dict[type, tuple[type[NotFound], str]] = {
    Campaign: (CampaignNotFound, "This campaign does not exist any more."),
    Channel: (ChannelNotFound, "This channel does not exist any more."),
    Post: (PostNotFound, "This post does not exist any more."),
    Target: (TargetNotFound, "This publication does not exist any more."),
}


def get(model: type[Row], which: Row | UUID | str, *, lock: bool = False) -> Row:
    """The row itself or the row with that id; with `lock` read again FOR UPDATE.

    Raises the model's NotFound.
    """
    if isinstance(which, model) and not lock:
        return which
    rows: Any = model._default_manager.all()
    if model is Channel:
        rows = rows.select_related("connection")
    if model is Target:
        rows = rows.select_related("channel__connection", "variant", "post")
    if lock:
        rows = rows.select_for_update(of=("self",))
    key = which.pk if isinstance(which, model) else which
    try:
        found = rows.filter(pk=key).first()
    except (ValueError, ValidationError):
        found = None
    if found is None:
        error, message = _MISSING[model]
        raise error(message)
    return found
