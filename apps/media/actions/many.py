"""Many files at once."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, Field

from apps.media import permissions
from apps.media.services import library
from apps.orchestrator import ActionContext, Effect, action


class ManyInput(BaseModel):
    ids: list[UUID] = Field(max_length=library.MOST)


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
