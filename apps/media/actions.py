"""What the world may ask of the media library. Uploading in parts is REST's and the page's."""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from apps.media import files, permissions
from apps.media.confine import TimeIsUp
from apps.media.errors import BadSpec, FileRefused
from apps.media.models import Asset
from apps.media.services import assets, captions, library, renditions, uploads
from apps.media.types import VideoSpec, spec_from_json
from apps.orchestrator import ActionContext, Effect, Face, Retry, action, sync
from apps.orchestrator.errors import JobTimeout

MOST = library.MOST


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
    return _output(asset)


@action(
    key="media.update_asset",
    title="Describe a file",
    summary="Changes name, alternative text, folder or tags of a file.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
)
def update_asset(ctx: ActionContext, input: AssetInput) -> AssetOutput:
    return _output(assets.update(actor=ctx.actor, **input.model_dump()))


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
    return _output(assets.restore(actor=ctx.actor, asset=input.asset))


# --- many at once ---------------------------------------------------------------------------------


class ManyInput(BaseModel):
    ids: list[UUID] = Field(max_length=MOST)


class MoveInput(ManyInput):
    folder: str = Field(max_length=120, description="A path such as Spring/Photos; empty for none.")


class TagInput(ManyInput):
    add: list[str] = []
    remove: list[str] = []


class Changed(BaseModel):
    changed: int


@action(
    key="media.move_assets",
    title="Move files",
    summary="Puts files of the library into a folder.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
)
def move_assets(ctx: ActionContext, input: MoveInput) -> Changed:
    return Changed(changed=library.move(actor=ctx.actor, ids=input.ids, folder=input.folder))


@action(
    key="media.tag_assets",
    title="Tag files",
    summary="Gives files of the library tags, or takes some away.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
)
def tag_assets(ctx: ActionContext, input: TagInput) -> Changed:
    return Changed(
        changed=library.tag(actor=ctx.actor, ids=input.ids, add=input.add, remove=input.remove)
    )


@action(
    key="media.delete_assets",
    title="Delete files",
    summary="Puts files into the trash; posts that use them keep them.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
    undo="media.restore_assets",
)
def delete_assets(ctx: ActionContext, input: ManyInput) -> Changed:
    return Changed(changed=library.delete(actor=ctx.actor, ids=input.ids))


@action(
    key="media.restore_assets",
    title="Restore files",
    summary="Takes files out of the trash.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
    undo="media.delete_assets",
)
def restore_assets(ctx: ActionContext, input: ManyInput) -> Changed:
    return Changed(changed=library.restore(actor=ctx.actor, ids=input.ids))


@action(
    key="media.purge_assets",
    title="Remove files for good",
    summary="Removes files in the trash that nothing uses. This cannot be taken back.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
    timeout=300,
)
def purge_assets(ctx: ActionContext, input: ManyInput) -> Changed:
    return Changed(changed=library.purge(actor=ctx.actor, ids=input.ids))


# --- pictures and captions ------------------------------------------------------------------------


class Focus(BaseModel):
    """A point, or with width and height a box; fractions of the picture from its top left corner."""

    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)
    width: float = Field(0, ge=0, le=1)
    height: float = Field(0, ge=0, le=1)


class FocusInput(AssetRef):
    focus: Focus | None = Field(description="null: what faces, logos and edges suggest.")


class CoverInput(AssetRef):
    milliseconds: int = Field(ge=0)


class CaptionsInput(AssetRef):
    language: str = Field(max_length=20, description="As in en, de, pt-BR.")
    text: str = Field(max_length=1_000_000, description="WebVTT or SubRip.")


class CaptionsRef(AssetRef):
    language: str = Field(max_length=20)


@action(
    key="media.set_focus",
    title="Say what must stay in the picture",
    summary="Sets the part of a picture that is kept when a network wants another shape.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
)
def set_focus(ctx: ActionContext, input: FocusInput) -> AssetOutput:
    focus = input.focus.model_dump() if input.focus else None
    return _output(assets.set_focus(actor=ctx.actor, asset=input.asset, focus=focus))


@action(
    key="media.pick_cover",
    title="Pick a video's cover",
    summary="Takes the picture at a time of the video as its cover.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
    queue="media",
)
def pick_cover(ctx: ActionContext, input: CoverInput) -> AssetOutput:
    return _output(
        assets.pick_cover(actor=ctx.actor, asset=input.asset, milliseconds=input.milliseconds)
    )


@action(
    key="media.set_captions",
    title="Caption a video",
    summary="Gives a video captions in a language; earlier ones are replaced.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
)
def set_captions(ctx: ActionContext, input: CaptionsInput) -> None:
    captions.set_captions(
        actor=ctx.actor, asset=input.asset, language=input.language, text=input.text
    )


@action(
    key="media.remove_captions",
    title="Remove a video's captions",
    summary="Removes the captions in a language from a video.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
)
def remove_captions(ctx: ActionContext, input: CaptionsRef) -> None:
    captions.remove_captions(actor=ctx.actor, asset=input.asset, language=input.language)


# --- the clock and the workers --------------------------------------------------------------------


class RenditionInput(BaseModel):
    asset: UUID
    spec: dict[str, Any] = Field(description="As media's VideoSpec, with type “video”.")


class RenditionOutput(BaseModel):
    rendition: int
    mime: str
    size: int
    width: int
    height: int
    duration: float | None


def _one_of_each(input: RenditionInput) -> list[tuple[str, int]]:
    return [(f"rendition:{input.asset.hex}:{spec_from_json(input.spec).digest}", 1)]


@action(
    key=renditions.ACTION,
    title="Prepare a video",
    summary="Brings a video or GIF into the form that a network takes.",
    permission="workspace.view",
    effect=Effect.IDEMPOTENT,
    queue="media",
    timeout=3_600,
    retry=Retry(max_attempts=3, base_seconds=10, cap_seconds=300),
    concurrency=_one_of_each,
    faces=[Face.CLOCK],
)
def make_rendition(ctx: ActionContext, input: RenditionInput) -> RenditionOutput:
    spec = spec_from_json(input.spec)
    if not isinstance(spec, VideoSpec):
        raise BadSpec("Images are made where they are asked for.")
    try:
        made = renditions.make_video(
            asset=assets.get_with_trash(input.asset),
            spec=spec,
            report=ctx.progress,
            tick=ctx.raise_if_cancelled,
        )
    except TimeIsUp:
        raise JobTimeout from None
    return RenditionOutput(
        rendition=made.pk,
        mime=made.mime,
        size=made.size,
        width=made.width,
        height=made.height,
        duration=made.duration,
    )


class UploadRef(BaseModel):
    upload: UUID


class CheckOutput(BaseModel):
    state: str
    asset: UUID | None
    error_code: str


@action(
    key=uploads.CHECK,
    title="Check an upload",
    summary="Checks a file that has arrived, and keeps it or says why not.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
    queue="media",
    timeout=900,
    concurrency=lambda input: [(f"upload:{input.upload.hex}", 1)],
    faces=[Face.CLOCK],
)
def check_upload(ctx: ActionContext, input: UploadRef) -> CheckOutput:
    ctx.progress(0.1, "Checking")
    row = uploads.complete(actor=ctx.actor, upload=input.upload, tick=ctx.raise_if_cancelled)
    return CheckOutput(state=row.state, asset=row.asset_id, error_code=row.error_code)


class Cleaned(BaseModel):
    uploads_expired: int
    uploads_checked_again: int
    assets_removed: int


@action(
    key="media.clean_up",
    title="Tidy the media library",
    summary="Ends uploads that nobody finishes, and empties what has long lain in the trash.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
    timeout=600,
    faces=[Face.CLOCK],
)
def clean_up(ctx: ActionContext) -> Cleaned:
    files.sweep()
    found = uploads.clean_up(actor=ctx.actor)
    return Cleaned(
        uploads_expired=found["expired"],
        uploads_checked_again=found["checked_again"],
        assets_removed=library.empty_trash(actor=ctx.actor),
    )


sync.register("media.clean_up", every=timedelta(hours=1))


def _output(asset: Asset) -> AssetOutput:
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
