"""Captions of a video: one text for each language, checked and written anew."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from apps.media import permissions
from apps.media.errors import CaptionNotFound, WrongKind
from apps.media.models import Asset, Caption
from apps.media.services.details import get, tidy_name
from apps.media.video import captions
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor


def set_captions(
    *, actor: Actor, asset: Asset | UUID | str, language: str, text: bytes | str, name: str = ""
) -> Caption:
    """Give a video captions (WebVTT or SubRip) in ``language``; earlier ones are replaced.

    Event asset.updated. Raises CaptionsBroken with the line, WrongKind.
    """
    actor.require(permissions.MANAGE)
    language = captions.check_language(language)
    cues = captions.read(text)
    with transaction.atomic():
        row = get(asset, lock=True)
        if row.kind != Asset.Kind.VIDEO:
            raise WrongKind("Only videos have captions.")
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


def _tell(actor: Actor, asset: Asset, summary: str) -> None:
    orchestrator.emit(
        actor=actor,
        kind="asset.updated",
        subject=("asset", str(asset.pk)),
        data={"fields": ["captions"]},
        summary=summary,
    )
