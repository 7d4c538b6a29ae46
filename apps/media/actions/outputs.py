"""How an action names a file, and what it says of one."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, Field

from apps.media.models import Asset


class AssetRef(BaseModel):
    asset: UUID


class AssetOutput(BaseModel):
    id: UUID
    kind: str
    name: str
    mime: str
    size: int
    width: int
    height: int
    duration: float | None = Field(description="Seconds, of videos and GIFs.")
    alt_text: str
    folder: str
    tags: list[str]


def output(asset: Asset) -> AssetOutput:
    return AssetOutput(
        id=asset.pk,
        kind=asset.kind,
        name=asset.name,
        mime=asset.mime,
        size=asset.size,
        width=asset.width,
        height=asset.height,
        duration=asset.duration,
        alt_text=asset.alt_text,
        folder=asset.folder,
        tags=asset.tags,
    )
