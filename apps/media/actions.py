"""What the world may ask of the media library. Uploading is REST's and the page's: it takes a file."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from pydantic import BaseModel, Field

from apps.media import permissions
from apps.media.errors import NotAnImage
from apps.media.models import Asset
from apps.media.services import assets
from apps.orchestrator import ActionContext, Effect, action


class UploadInput(BaseModel):
    name: str = Field(max_length=200)
    content: str = Field(description="The file's bytes in base64.")
    alt_text: str = ""
    folder: str = ""
    tags: list[str] = []


class AssetInput(BaseModel):
    asset: UUID
    name: str | None = None
    alt_text: str | None = None
    folder: str | None = None
    tags: list[str] | None = None


class AssetRef(BaseModel):
    asset: UUID


class AssetOutput(BaseModel):
    id: UUID
    name: str
    mime: str
    size: int
    width: int
    height: int
    alt_text: str
    folder: str
    tags: list[str]


@action(
    key="media.upload_asset",
    title="Upload an image",
    summary="Keeps an image in the library; the same image twice is kept once.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
    queue="media",
)
def upload_asset(ctx: ActionContext, input: UploadInput) -> AssetOutput:
    try:
        data = base64.b64decode(input.content, validate=True)
    except (binascii.Error, ValueError):
        raise NotAnImage("The content is not base64.", field="content") from None
    asset, _ = assets.upload(
        actor=ctx.actor,
        file=data,
        name=input.name,
        alt_text=input.alt_text,
        folder=input.folder,
        tags=input.tags,
    )
    return _output(asset)


@action(
    key="media.update_asset",
    title="Describe an image",
    summary="Changes name, alternative text, folder or tags of an image.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
)
def update_asset(ctx: ActionContext, input: AssetInput) -> AssetOutput:
    return _output(assets.update(actor=ctx.actor, **input.model_dump()))


@action(
    key="media.delete_asset",
    title="Delete an image",
    summary="Takes an image out of the library; posts that use it keep it.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
)
def delete_asset(ctx: ActionContext, input: AssetRef) -> None:
    assets.delete(actor=ctx.actor, asset=input.asset)


def _output(asset: Asset) -> AssetOutput:
    return AssetOutput(
        id=asset.pk,
        name=asset.name,
        mime=asset.mime,
        size=asset.size,
        width=asset.width,
        height=asset.height,
        alt_text=asset.alt_text,
        folder=asset.folder,
        tags=asset.tags,
    )
