"""What workers do for the library: prepare videos, check what arrived, tidy up by the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from apps.media import files, permissions
from apps.media.confine import TimeIsUp
from apps.media.errors import BadSpec
from apps.media.services import assets, library, renditions, uploads
from apps.media.types import VideoSpec, spec_from_json
from apps.orchestrator import ActionContext, Effect, Face, Retry, action, sync
from apps.orchestrator.errors import JobTimeout


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
