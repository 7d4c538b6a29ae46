"""Writing posts."""

from __future__ import annotations

from apps.knisoci import permissions
from apps.knisoci.actions.outputs import post_output
from apps.knisoci.models import Post
from apps.knisoci.services import (
    finding,
    posts,
)
from apps.knisoci.types import (
    CreatePostInput,
    PostOutput,
    PostRef,
    SaveVariantInput,
)
from apps.orchestrator import FACES_ALL, ActionContext, Effect, action


@action(
    key="knisoci.create_post",
    title="Draft a post",
    summary="Writes a draft for one or more channels.",
    permission=permissions.WRITE,
    effect=Effect.NONE,
    faces=FACES_ALL,
)
def create_post(ctx: ActionContext, input: CreatePostInput) -> PostOutput:
    post = posts.create(
        actor=ctx.actor,
        title=input.title,
        brief=input.brief,
        campaign=input.campaign,
        variants=[one.model_dump(exclude_none=True) for one in input.variants],
    )
    return post_output(post)


@action(
    key="knisoci.save_variant",
    title="Write a post's text for a channel",
    summary="Saves text, images and options of a post for one channel.",
    permission=permissions.WRITE,
    effect=Effect.IDEMPOTENT,
)
def save_variant(ctx: ActionContext, input: SaveVariantInput) -> PostOutput:
    posts.save_variant(actor=ctx.actor, **input.model_dump(exclude_none=True))
    return post_output(finding.get(Post, input.post))


@action(
    key="knisoci.duplicate_post",
    title="Duplicate a post",
    summary="Makes a fresh draft with the same texts and images.",
    permission=permissions.WRITE,
    effect=Effect.NONE,
)
def duplicate_post(ctx: ActionContext, input: PostRef) -> PostOutput:
    return post_output(posts.duplicate(actor=ctx.actor, post=input.post))


@action(
    key="knisoci.delete_post",
    title="Delete a post",
    summary="Deletes a post here; what is published stays on the networks.",
    permission=permissions.WRITE,
    effect=Effect.IDEMPOTENT,
)
def delete_post(ctx: ActionContext, input: PostRef) -> None:
    posts.delete(actor=ctx.actor, post=input.post)
