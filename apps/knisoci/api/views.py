"""Channels and posts by REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from apps.integrations import permissions as integrations
from apps.integrations.services import connections
from apps.knisoci import permissions, queries
from apps.knisoci.api.presenters import present_channel, present_post, present_post_row
from apps.knisoci.api.serializers import (
    ChannelIn,
    ChannelOut,
    ChannelPatch,
    ChannelQuery,
    PauseIn,
    PostIn,
    PostOut,
    PostPatch,
    PostQuery,
    PostRowOut,
    ScheduleIn,
    VariantBody,
)
from apps.knisoci.errors import ChannelNotFound
from apps.knisoci.models import Channel
from apps.knisoci.services import channels, posts
from apps.workspaces.api import Ordering, Page, WorkspaceView, operation, paginate, paginate_by_id

SEE = "workspace.view"
BY_NAME = Ordering("name")


def channel_out(pk: UUID) -> dict[str, Any]:
    """One statement. Raises ChannelNotFound."""
    found = Channel.objects.select_related("connection").filter(pk=pk).first()
    if found is None:
        raise ChannelNotFound("This channel does not exist any more.")
    return present_channel(found)


class ChannelsView(WorkspaceView):
    @operation("List channels", permission=SEE, query=ChannelQuery, returns=Page[ChannelOut])
    def get(self, request: Request, *, query: ChannelQuery) -> dict[str, Any]:
        rows = queries.channels(include_archived=query.include_archived)
        return paginate(rows, query, present=present_channel, ordering=BY_NAME, name="name")

    @operation(
        "Connect a channel",
        permission=permissions.MANAGE_CHANNELS,
        body=ChannelIn,
        returns=ChannelOut,
        status=201,
        in_transaction=False,
        description="Signs in at the network with `values`. The same account again is renewed.",
    )
    def post(self, request: Request, *, body: ChannelIn) -> dict[str, Any]:
        self.actor.require(integrations.MANAGE)
        connection = connections.connect(
            actor=self.actor, provider=body.provider, values=body.values
        )
        channel = channels.add(actor=self.actor, connection=connection, name=body.name)
        return channel_out(channel.pk)


class ChannelView(WorkspaceView):
    @operation("Get a channel", permission=SEE, returns=ChannelOut)
    def get(self, request: Request, *, channel_id: UUID) -> dict[str, Any]:
        return channel_out(channel_id)

    @operation(
        "Change a channel",
        permission=permissions.MANAGE_CHANNELS,
        body=ChannelPatch,
        returns=ChannelOut,
    )
    def patch(self, request: Request, *, channel_id: UUID, body: ChannelPatch) -> dict[str, Any]:
        changes = {
            name: value
            for name, value in body.model_dump(exclude_unset=True).items()
            if value is not None
        }
        channels.update(actor=self.actor, channel=channel_id, **changes)
        return channel_out(channel_id)

    @operation("Archive a channel", permission=permissions.MANAGE_CHANNELS, status=204)
    def delete(self, request: Request, *, channel_id: UUID) -> None:
        channels.archive(actor=self.actor, channel=channel_id)


class ChannelPauseView(WorkspaceView):
    @operation("Pause a channel", permission=permissions.STOP, body=PauseIn, returns=ChannelOut)
    def post(self, request: Request, *, channel_id: UUID, body: PauseIn) -> dict[str, Any]:
        channels.pause(actor=self.actor, channel=channel_id, reason=body.reason)
        return channel_out(channel_id)


class ChannelResumeView(WorkspaceView):
    @operation("Resume a channel", permission=permissions.STOP, returns=ChannelOut)
    def post(self, request: Request, *, channel_id: UUID) -> dict[str, Any]:
        channels.resume(actor=self.actor, channel=channel_id)
        return channel_out(channel_id)


class PostsView(WorkspaceView):
    @operation("List posts", permission=SEE, query=PostQuery, returns=Page[PostRowOut])
    def get(self, request: Request, *, query: PostQuery) -> dict[str, Any]:
        def read(before: UUID | None, limit: int) -> list[Any]:
            return queries.posts(
                state=query.state,
                campaign=query.campaign,
                channel=query.channel,
                search=query.search,
                before=before,
                limit=limit,
            )

        return paginate_by_id(read, query, present=present_post_row)

    @operation(
        "Write a post", permission=permissions.WRITE, body=PostIn, returns=PostOut, status=201
    )
    def post(self, request: Request, *, body: PostIn) -> dict[str, Any]:
        post = posts.create(
            actor=self.actor,
            title=body.title,
            brief=body.brief,
            campaign=body.campaign,
            variants=[one.model_dump(exclude_none=True) for one in body.variants],
        )
        return present_post(queries.composer(post.pk))


class PostView(WorkspaceView):
    @operation("Get a post", permission=SEE, returns=PostOut)
    def get(self, request: Request, *, post_id: UUID) -> dict[str, Any]:
        return present_post(queries.composer(post_id))

    @operation("Change a post", permission=permissions.WRITE, body=PostPatch, returns=PostOut)
    def patch(self, request: Request, *, post_id: UUID, body: PostPatch) -> dict[str, Any]:
        posts.update(actor=self.actor, post=post_id, **body.model_dump(exclude_unset=True))
        return present_post(queries.composer(post_id))

    @operation(
        "Delete a post",
        permission=permissions.WRITE,
        status=204,
        description="What is published stays on the networks.",
    )
    def delete(self, request: Request, *, post_id: UUID) -> None:
        posts.delete(actor=self.actor, post=post_id)


class VariantView(WorkspaceView):
    @operation(
        "Write a post's text for a channel",
        permission=permissions.WRITE,
        body=VariantBody,
        returns=PostOut,
    )
    def put(
        self, request: Request, *, post_id: UUID, channel_id: UUID, body: VariantBody
    ) -> dict[str, Any]:
        posts.save_variant(
            actor=self.actor,
            post=post_id,
            channel=channel_id,
            **body.model_dump(exclude_none=True),
        )
        return present_post(queries.composer(post_id))

    @operation("Take a channel off a post", permission=permissions.WRITE, status=204)
    def delete(self, request: Request, *, post_id: UUID, channel_id: UUID) -> None:
        posts.remove_variant(actor=self.actor, post=post_id, channel=channel_id)


class PostScheduleView(WorkspaceView):
    @operation(
        "Schedule a post",
        permission=permissions.PUBLISH,
        body=ScheduleIn,
        returns=PostOut,
        needs_key=True,
        description="On all its channels or some: at a time, in the next free slots, or now.",
    )
    def post(self, request: Request, *, post_id: UUID, body: ScheduleIn) -> dict[str, Any]:
        posts.schedule(actor=self.actor, post=post_id, **body.model_dump())
        return present_post(queries.composer(post_id))


class PostDuplicateView(WorkspaceView):
    @operation("Duplicate a post", permission=permissions.WRITE, returns=PostOut, status=201)
    def post(self, request: Request, *, post_id: UUID) -> dict[str, Any]:
        return present_post(queries.composer(posts.duplicate(actor=self.actor, post=post_id).pk))
