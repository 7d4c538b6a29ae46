"""Captions of a video: one text for each language, checked and written anew."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from apps.media import permissions
from apps.media.errors import CaptionNotFound, CaptionsChanged, WrongKind
from apps.media.models import Asset, Caption
from apps.media.services.details import get, tidy_name
from apps.media.video import captions
from apps.media.video.captions import Cue, Line
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor


def set_captions(
    *,
    actor: Actor,
    asset: Asset | UUID | str,
    language: str,
    text: bytes | str,
    name: str = "",
    seen: str | None = None,
) -> Caption:
    """Give a video captions (WebVTT or SubRip) in ``language``; earlier ones are replaced.

    ``seen`` is the version of those that may be replaced, empty: there must be none; None: whatever
    there is. Event asset.updated. Raises CaptionsBroken with the line, CaptionsChanged, WrongKind.
    """
    actor.require(permissions.MANAGE)
    language = captions.check_language(language)
    return _keep(actor, asset, language, captions.read(text), name, seen)


def set_lines(
    *,
    actor: Actor,
    asset: Asset | UUID | str,
    language: str,
    lines: Sequence[Line],
    name: str = "",
    seen: str | None = None,
) -> Caption:
    """The same from what somebody typed. Raises CaptionsBroken with every problem of every line."""
    actor.require(permissions.MANAGE)
    language = captions.check_language(language)
    return _keep(actor, asset, language, captions.from_lines(lines), name, seen)


def _keep(
    actor: Actor,
    asset: Asset | UUID | str,
    language: str,
    cues: Sequence[Cue],
    name: str,
    seen: str | None,
) -> Caption:
    """Locks the asset."""
    with transaction.atomic():
        row = get(asset, lock=True)
        if row.kind != Asset.Kind.VIDEO:
            raise WrongKind("Only videos have captions.")
        if seen is not None:
            _check_seen(row, language, seen)
        caption, _ = Caption.objects.update_or_create(
            asset=row,
            language=language,
            defaults={
                "text": captions.to_vtt(cues),
                "cues": len(cues),
                "name": tidy_name(name) if name else "",
            },
        )
        _tell(actor, row, f"Captions in {language} for {row.name}")
    return caption


def remove_captions(*, actor: Actor, asset: Asset | UUID | str, language: str) -> None:
    """Event asset.updated. Raises CaptionNotFound."""
    actor.require(permissions.MANAGE)
    with transaction.atomic():
        row = get(asset, lock=True)
        removed, _ = Caption.objects.filter(asset=row, language=language).delete()
        if not removed:
            raise CaptionNotFound("This video has no captions in that language.")
        _tell(actor, row, f"Removed captions in {language} of {row.name}")


def find(*, asset: Asset | UUID | str, language: str) -> Caption:
    """Raises AssetNotFound, CaptionNotFound."""
    found = Caption.objects.filter(asset=get(asset), language=language).first()
    if found is None:
        raise CaptionNotFound("This video has no captions in that language.")
    return found


def _check_seen(asset: Asset, language: str, seen: str) -> None:
    there = Caption.objects.filter(asset=asset, language=language).first()
    if (there.version if there else "") == seen:
        return
    if not there:
        words = "Somebody removed these captions in the meantime."
    elif seen:
        words = "Somebody changed these captions in the meantime."
    else:
        words = "There are captions in this language already."
    raise CaptionsChanged(
        words, field="language", params={"version": there.version if there else ""}
    )


def _tell(actor: Actor, asset: Asset, summary: str) -> None:
    orchestrator.emit(
        actor=actor,
        kind="asset.updated",
        subject=("asset", str(asset.pk)),
        data={"fields": ["captions"]},
        summary=summary,
    )
