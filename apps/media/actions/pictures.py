"""What is shown of a picture, and a video's cover and captions."""

from __future__ import annotations

from pydantic import BaseModel, Field

from apps.media import permissions
from apps.media.services import assets, captions
from apps.orchestrator import ActionContext, Effect, action

from .outputs import AssetOutput, AssetRef, output


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
    return output(assets.set_focus(actor=ctx.actor, asset=input.asset, focus=focus))


@action(
    key="media.pick_cover",
    title="Pick a video's cover",
    summary="Takes the picture at a time of the video as its cover.",
    permission=permissions.MANAGE,
    effect=Effect.IDEMPOTENT,
    queue="media",
)
def pick_cover(ctx: ActionContext, input: CoverInput) -> AssetOutput:
    return output(
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
