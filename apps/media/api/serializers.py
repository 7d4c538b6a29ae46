"""What the API says about images."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from apps.media.models import Asset
from apps.media.types import SHOWN
from apps.workspaces.api import Body, ListQuery
from apps.workspaces.api.inputs import CommaSeparated
from apps.workspaces.tenancy import reverse


class AssetOut(BaseModel):
    id: UUID
    name: str
    mime: str
    size: int = Field(description="Bytes.")
    width: int
    height: int
    is_animated: bool
    alt_text: str
    folder: str
    tags: list[str]
    urls: dict[str, str] = Field(description="By form: thumb, card, large, full. Members only.")
    created_at: datetime


class AssetQuery(ListQuery):
    search: str = Field("", max_length=200, description="In names and alternative texts.")
    folder: str | None = Field(None, max_length=120)
    tag: str | None = Field(None, max_length=40)


class AssetIn(Body):
    file: Annotated[Any, Field(json_schema_extra={"type": "string", "format": "binary"})]
    alt_text: str = Field("", max_length=1500)
    folder: str = Field("", max_length=120)
    tags: Annotated[list[str], CommaSeparated] = Field([], max_length=30, description="Commas.")


class AssetPatch(Body):
    name: str | None = Field(None, min_length=1, max_length=200)
    alt_text: str | None = Field(None, max_length=1500)
    folder: str | None = Field(None, max_length=120)
    tags: list[str] | None = Field(None, max_length=30)


def present_asset(asset: Asset) -> dict[str, Any]:
    return {
        "id": asset.pk,
        "name": asset.name,
        "mime": asset.mime,
        "size": asset.size,
        "width": asset.width,
        "height": asset.height,
        "is_animated": asset.is_animated,
        "alt_text": asset.alt_text,
        "folder": asset.folder,
        "tags": asset.tags,
        "urls": {
            form: reverse("media:image", kwargs={"asset": asset.pk, "rendition": form})
            for form in SHOWN
        },
        "created_at": asset.created_at,
    }
