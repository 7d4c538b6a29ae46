"""Posts and their variants: write, change, copy, delete. Scheduling's verbs are here too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.knisoci import content, permissions
from apps.knisoci.errors import ContentInvalid, InFlight
from apps.knisoci.models import Campaign, Channel, Post, Target, Variant
from apps.knisoci.services import approving, finding, flight, shapes
from apps.knisoci.services.scheduling import (
    cancel,
    check_content,
    drop_job,
    plan_checks,
    publish_now,
    reschedule,
    schedule,
    unschedule,
)
from apps.knisoci.transitions import EDITABLE, IN_FLIGHT, WAITING, TargetState, move
from apps.media import queries as media
from apps.orchestrator import services as orchestrator
from apps.workspaces.types import Actor

__all__ = [
    "cancel",
    "create",
    "delete",
    "duplicate",
    "publish_now",
    "remove_variant",
    "reschedule",
    "save_variant",
    "schedule",
    "unschedule",
    "update",
]
_TITLE, _TEXT = 200, 100_000


def create(
    *,
    actor: Actor,
    title: str = "",
    brief: str = "",
    campaign: Campaign | UUID | None = None,
    variants: Sequence[Mapping[str, Any]] = (),
    id: UUID | None = None,
) -> Post:
    """A draft. `variants` are keyword arguments of save_variant, `channel` and `text` at least.

    Who may have to ask twice (the answer was lost on its way) names the `id`: the draft of the first
    time is changed then, not made again. Event post.created. Raises ContentInvalid,
    CampaignNotFound, ChannelNotFound.
    """
    actor.require(permissions.WRITE)
    _check_title(title)
    with transaction.atomic():
        row: dict[str, Any] = {
            "title": _plain(title).strip(),
            "brief": _plain(brief),
            "campaign": finding.get(Campaign, campaign) if campaign else None,
            "author_id": actor.user_id,
        }
        if id is None:
            post, is_new = Post.objects.create(**row), True
        else:
            post, is_new = Post.objects.get_or_create(pk=id, defaults=row)
        if not is_new:
            post = update(actor=actor, post=post, title=title, brief=brief, campaign=campaign)
        for fields in variants:
            save_variant(actor=actor, post=post, **fields)
        if is_new:
            orchestrator.emit(
                actor=actor,
                kind="post.created",
                subject=("post", str(post.pk)),
                data={"title": post.title},
                summary=f"Drafted {name_of(post)}",
            )
    return post


def update(
    *,
    actor: Actor,
    post: Post | UUID,
    title: str | None = None,
    brief: str | None = None,
    campaign: Campaign | UUID | str | None = "keep",
) -> Post:
    """Change what the team sees; nothing here goes out. Event post.updated.

    `campaign=None` takes the post out of its campaign.
    """
    actor.require(permissions.WRITE)
    with transaction.atomic():
        row = finding.get(Post, post, lock=True)
        if title is not None:
            _check_title(title)
            row.title = _plain(title).strip()
        if brief is not None:
            row.brief = _plain(brief)
        if campaign != "keep":
            row.campaign = finding.get(Campaign, campaign) if campaign else None
        row.updated_at = timezone.now()
        row.save(update_fields=["title", "brief", "campaign", "updated_at"])
        orchestrator.emit(
            actor=actor,
            kind="post.updated",
            subject=("post", str(row.pk)),
            data={},
            summary=f"Changed {name_of(row)}",
        )
    return row


def save_variant(
    *,
    actor: Actor,
    post: Post | UUID,
    channel: Channel | UUID,
    text: str,
    media: Sequence[UUID | str] | None = None,
    options: Mapping[str, Any] | None = None,
    language: str | None = None,
    voice_score: int | None = None,
    written_by: str | None = None,
    **shape: Any,
) -> Variant:
    """Write the post's text for one channel; makes the variant and its target where there is none.

    Drafts may break the network's rules, what is scheduled may not: then ContentInvalid is raised
    and nothing changes. An edit bumps the target's revision. Locks the target. Raises InFlight once
    the post is on its way out. None leaves media, options and language as they are. `shape` are
    fields of content.SHAPE (format, title, link, thread, first_comment, poll); what is not given
    stays.
    """
    actor.require(permissions.WRITE)
    shape = shapes.checked(shape)
    text = _checked_text(text, options=options, language=language)
    owner = finding.get(Post, post)
    where = finding.get(Channel, channel)
    given = None if media is None else _known_assets(media)
    _check_if_planned(
        owner, where, text=text, media=given, options=options, language=language, **shape
    )
    with transaction.atomic():
        variant, target = _locked_pair(owner, where)
        variant.text = text
        if given is not None:
            variant.media = given
        if options is not None:
            variant.options = dict(options)
        if language is not None:
            variant.language = language
        for name, value in shape.items():
            setattr(variant, name, value)
        if written_by is not None:
            variant.written_by = written_by[:40]
        changed = _rehash(variant)
        if changed or voice_score is not None:
            variant.voice_score = voice_score
        variant.updated_at = timezone.now()
        variant.save()
        target.variant, target.channel, target.post = variant, where, owner
        if changed:
            _bump(actor, target)
    if changed and target.state in WAITING:
        flight.check_and_keep(target=target)
    return variant


def remove_variant(*, actor: Actor, post: Post | UUID, channel: Channel | UUID) -> None:
    """Take a channel off a post. Cancels its job. Raises InFlight."""
    actor.require(permissions.WRITE)
    with transaction.atomic():
        target = (
            Target.objects.select_for_update(of=("self",))
            .filter(post=finding.get(Post, post), channel=finding.get(Channel, channel))
            .first()
        )
        if target is None:
            return
        _refuse_unless_editable(target)
        drop_job(actor, target)
        target.variant.delete()


def duplicate(*, actor: Actor, post: Post | UUID) -> Post:
    """A fresh draft with the same texts, media and options on the same channels."""
    actor.require(permissions.WRITE)
    source = finding.get(Post, post)
    variants = [
        {
            "channel": variant.channel,
            "text": variant.text,
            "media": variant.media,
            "options": variant.options,
            "language": variant.language,
            "voice_score": variant.voice_score,
            "written_by": variant.written_by,
            **{name: getattr(variant, name) for name in content.SHAPE},
        }
        for variant in source.variants.select_related("channel__connection").filter(
            channel__is_archived=False
        )
    ]
    title = f"{source.title} (copy)" if source.title else ""
    return create(
        actor=actor,
        title=title[:_TITLE],
        brief=source.brief,
        campaign=source.campaign,
        variants=variants,
    )


def delete(*, actor: Actor, post: Post | UUID) -> None:
    """Delete a post that is not on its way out; what is published stays on the networks.

    Event post.deleted. Raises InFlight.
    """
    actor.require(permissions.WRITE)
    with transaction.atomic():
        row = finding.get(Post, post, lock=True)
        targets = list(row.targets.select_for_update().order_by("id"))
        if any(target.state in IN_FLIGHT for target in targets):
            raise InFlight("This post is going out right now. Try again in a minute.")
        for target in targets:
            drop_job(actor, target)
        orchestrator.emit(
            actor=actor,
            kind="post.deleted",
            subject=("post", str(row.pk)),
            data={"title": row.title},
            summary=f"Deleted {name_of(row)}",
        )
        row.delete()


def name_of(post: Post) -> str:
    """The post in a sentence."""
    return f"“{post.title}”" if post.title else "a post"


def _plain(text: str) -> str:
    """Without NUL, which PostgreSQL cannot keep."""
    return text.replace("\x00", "")


def _checked_text(text: str, *, options: Mapping[str, Any] | None, language: str | None) -> str:
    if len(text) > _TEXT:
        raise ContentInvalid(f"A text has at most {_TEXT:,} characters.", field="text")
    if language and len(language) > 12:
        raise ContentInvalid("That is not a language code.", field="language")
    packed = json.dumps(options or {}, default=str)
    if len(packed) > 10_000 or "\\u0000" in packed:
        raise ContentInvalid("These options cannot be kept.", field="options")
    return _plain(text).replace("\r\n", "\n")


def _check_title(title: str) -> None:
    if len(title) > _TITLE:
        raise ContentInvalid(f"A title has at most {_TITLE} characters.", field="title")


def _known_assets(ids: Sequence[UUID | str]) -> list[UUID]:
    """`ids` in order, each known and not deleted. Raises the media app's AssetNotFound."""
    return [asset.pk for asset in media.in_order(ids)]


def _locked_pair(post: Post, channel: Channel) -> tuple[Variant, Target]:
    """Variant and target of `post` on `channel`, made where missing, the target locked."""
    target = (
        Target.objects.select_for_update(of=("self",))
        .select_related("variant")
        .filter(post=post, channel=channel)
        .first()
    )
    if target is not None:
        _refuse_unless_editable(target)
        return target.variant, target
    try:
        with transaction.atomic():
            variant = Variant.objects.create(
                post=post,
                channel=channel,
                content_hash=content.digest(text="", media=(), options={}),
            )
            target = Target.objects.create(
                variant=variant,
                post=post,
                channel=channel,
                time_zone=channel.time_zone,
                late_policy=channel.late_policy,
                late_minutes=channel.late_minutes,
            )
    except IntegrityError:  # the other of two tabs was quicker
        return _locked_pair(post, channel)
    return variant, target


def _check_if_planned(post: Post, channel: Channel, **given: Any) -> None:
    """Refuse an edit that would break a post somebody already relies on. Outside transactions."""
    variant = Variant.objects.filter(
        post=post, channel=channel, target__state__in=(TargetState.SCHEDULED, TargetState.HELD)
    ).first()
    if variant is None:
        return
    for name, value in given.items():
        if value is not None:
            setattr(variant, name, value)
    check_content(variant, channel)


def _refuse_unless_editable(target: Target) -> None:
    if target.is_started and target.state != TargetState.PUBLISHED:
        raise InFlight(
            f"{target.parts_done} of {target.parts_total} parts are out already; what is left cannot "
            "be changed here."
        )
    if target.state not in EDITABLE:
        raise InFlight(
            "This post is published and cannot be changed here. Duplicate it instead."
            if target.state == TargetState.PUBLISHED
            else "This post is going out right now and cannot be changed."
        )


def _rehash(variant: Variant) -> bool:
    before = variant.content_hash
    variant.content_hash = content.digest_of(variant)
    return variant.content_hash != before


def _bump(actor: Actor, target: Target) -> None:
    """Note an edit. What was approved was another text: it goes back to draft, and what is planned
    needs the word of somebody who may publish, which the editor's own is where they may."""
    target.revision += 1
    target.updated_at = timezone.now()
    target.flight = {}
    if target.state in WAITING:
        if actor.can(permissions.PUBLISH):
            target.approved_hash = approving.record(actor, target)
        plan_checks(actor, target)
    target.save(update_fields=["revision", "updated_at", "flight", "approved_hash"])
    move(target, TargetState.DRAFT, only_from=(TargetState.APPROVED, TargetState.IN_REVIEW))
