"""One file: keep it, describe it, into the trash and out again."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from pydantic import BaseModel, Field

from apps.media import permissions
from apps.media.errors import FileRefused
from apps.media.services import assets
from apps.orchestrator import ActionContext, Effect, action

from .outputs import AssetOutput, AssetRef, output


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


@action(
    key="media.upload_asset",
    title="Upload a file",
    summary="Keeps a small image, video or document in the library; the same file twice is kept once.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
    queue="media",
)
def upload_asset(ctx: ActionContext, input: UploadInput) -> AssetOutput:
    try:
        data = base64.b64decode(input.content, validate=True)
    except (binascii.Error, ValueError):
        raise FileRefused("The content is not base64.", field="content") from None
    asset, _ = assets.upload(
        actor=ctx.actor,
        file=data,
        name=input.name,
        alt_text=input.alt_text,
        folder=input.folder,
        tags=input.tags,
    )
    return output(asset)


@action(
    key="media.update_asset",
    title="Describe a file",
    summary="Changes name, alternative text, folder or tags of a file.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
)
def update_asset(ctx: ActionContext, input: AssetInput) -> AssetOutput:
    return output(assets.update(actor=ctx.actor, **input.model_dump()))


@action(
    key="media.delete_asset",
    title="Delete a file",
    summary="Puts a file into the trash; posts that use it keep it.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
    undo="media.restore_asset",
)
def delete_asset(ctx: ActionContext, input: AssetRef) -> None:
    assets.delete(actor=ctx.actor, asset=input.asset)


@action(
    key="media.restore_asset",
    title="Restore a file",
    summary="Takes a file out of the trash.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
    undo="media.delete_asset",
)
def restore_asset(ctx: ActionContext, input: AssetRef) -> AssetOutput:
    return output(assets.restore(actor=ctx.actor, asset=input.asset))
