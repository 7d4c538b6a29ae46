"""One wish to publish on many channels: each takes it or says why not, and the rest goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.errors import DomainError
from apps.integrations.providers.base import Content
from apps.knisoci import content, permissions
from apps.knisoci.errors import ContentInvalid, NothingPublished
from apps.knisoci.models import Campaign, Channel, Post, Target, Variant
from apps.knisoci.services import finding, flight, posts, quotas, scheduling, shapes, timing
from apps.knisoci.services.timing import When
from apps.knisoci.types import ChannelResult, Counted, Flight, PublishOutput, Refusal
from apps.media import queries as media
from apps.workspaces.types import Actor

# What a channel may have otherwise than the rest.
OWN = ("text", "media", "options", "language", *content.SHAPE)


@dataclass
class _Line:
    """One channel of the wish on its way through. `error` set: it does not take it."""

    channel_id: UUID
    fields: dict[str, Any]
    channel: Channel | None = None
    variant: Variant | None = None
    ready: Content | None = None
    target: Target | None = None
    due_at: datetime | None = None
    flight: Flight | None = None
    error: DomainError | None = None
    plan: dict[str, Any] = field(default_factory=dict)


def publish(
    *,
    actor: Actor,
    channels: Sequence[Mapping[str, Any]],
    when: When = "now",
    time_zone: str | None = None,
    late_policy: str | None = None,
    late_minutes: int | None = None,
    name: str = "",
    campaign: Campaign | UUID | None = None,
    dry_run: bool = False,
    key: str = "",
    **shared: Any,
) -> PublishOutput:
    """Make one post of `shared` content (fields of OWN) and plan it on every channel that takes it.

    `channels` are mappings with "channel" and, where it differs, fields of OWN. The same `key` again
    gives what the first call made. `dry_run` checks all of it and writes nothing but pictures in the
    networks' formats.

    Events post.created, post.scheduled. Raises NothingPublished where no channel takes it (and then
    nothing is written), CampaignNotFound, BadDate (late policy); TypeError for unknown fields.
    """
    actor.require(permissions.WRITE)
    actor.require(permissions.PUBLISH)
    if key and (before := Post.objects.filter(intent_key=key).first()) is not None:
        return _made_before(before)
    unknown = shared.keys() - set(OWN)
    if unknown:
        raise TypeError(f"There is no {sorted(unknown)}")
    policy = timing.late_policy_of(late_policy, late_minutes)
    post = Post(
        title=(name or str(shared.get("title") or ""))[:200],
        campaign=finding.get(Campaign, campaign) if campaign else None,
    )
    lines = [
        _checked(post, one, shared, when, time_zone, only_look=dry_run) for one in _once(channels)
    ]
    if dry_run:
        return _report(None, lines, is_dry=True)
    if all(line.error for line in lines):
        raise _nothing(lines)
    try:
        with transaction.atomic():
            made = posts.create(actor=actor, title=post.title, campaign=post.campaign)
            if key:
                Post.objects.filter(pk=made.pk).update(intent_key=key)
            _write(actor, made, lines, when=when, time_zone=time_zone, policy=policy)
    except IntegrityError:  # the same key at the same moment
        if key and (before := Post.objects.filter(intent_key=key).first()) is not None:
            return _made_before(before)
        raise
    for line in lines:
        if line.target is not None:
            line.flight = flight.check_and_keep(target=line.target, ready=line.ready)
    return _report(made, lines)


def _once(channels: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each channel one time, the first mention counts."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in channels:
        found.setdefault(str(one["channel"]), one)
    return list(found.values())


def _checked(
    post: Post,
    wish: Mapping[str, Any],
    shared: Mapping[str, Any],
    when: When,
    time_zone: str | None,
    *,
    only_look: bool,
) -> _Line:
    """The wish for one channel with all that can be known before anything is written."""
    own = {name: wish[name] for name in OWN if wish.get(name) is not None}
    line = _Line(wish["channel"], {"text": "", **_given(shared), **own})
    try:
        line.channel = finding.get(Channel, wish["channel"])
        scheduling.check_channel(line.channel)
        line.variant = _variant(post, line)
        target = Target(
            post=post,
            channel=line.channel,
            variant=line.variant,
            time_zone=line.channel.time_zone,
        )
        line.plan = timing.plan(target, when, time_zone)
        target.due_at = line.due_at = line.plan["due_at"]
        line.ready = scheduling.check_content(line.variant, line.channel, only_look=only_look)
        line.flight = flight.check(target, ready=line.ready)
    except DomainError as error:
        line.error = error
    return line


def _given(shared: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shared.items() if value is not None}


def _variant(post: Post, line: _Line) -> Variant:
    """The channel's text as it would be stored. Raises ContentInvalid, AssetNotFound."""
    fields = line.fields
    shape = shapes.checked({name: fields[name] for name in content.SHAPE if name in fields})
    if not isinstance(fields["text"], str):
        raise ContentInvalid("The text is no text.", field="text")
    variant = Variant(
        post=post,
        channel=line.channel,
        text=fields["text"],
        media=[asset.pk for asset in media.in_order(fields.get("media") or ())],
        options=dict(fields.get("options") or {}),
        language=fields.get("language") or "",
        **shape,
    )
    variant.content_hash = content.digest_of(variant)
    return variant


def _write(
    actor: Actor,
    post: Post,
    lines: list[_Line],
    *,
    when: When,
    time_zone: str | None,
    policy: dict[str, Any],
) -> None:
    """Store and plan what can be, each channel for itself. Raises NothingPublished."""
    for line in lines:
        if line.error is not None or line.channel is None:
            continue
        try:
            with transaction.atomic():
                variant = posts.save_variant(
                    actor=actor, post=post, channel=line.channel, **line.fields
                )
                variant.channel = line.channel
                (line.target,) = scheduling.place(
                    actor, [variant], when=when, time_zone=time_zone, policy=policy
                )
                line.due_at = line.target.due_at
        except DomainError as error:
            line.error, line.target = error, None
    planned = [line.target for line in lines if line.target is not None]
    if not planned:
        raise _nothing(lines)
    scheduling.announce(actor, post, planned)


def _nothing(lines: list[_Line]) -> NothingPublished:
    results = _report(None, lines).model_dump(mode="json")["results"]
    first = next(one["error"] for one in results if one["error"])
    return NothingPublished(
        f"No channel takes this. {first['message']}",
        field=first["field"] or None,
        params={"results": results},
    )


def _made_before(post: Post) -> PublishOutput:
    """What the first call with this key planned, as it stands now."""
    targets = (
        Target.objects.filter(post=post)
        .select_related("channel__connection", "variant", "post")
        .order_by("id")
    )
    lines = [
        _Line(
            target.channel_id, {}, channel=target.channel, variant=target.variant, target=target,
            due_at=target.due_at,
        )
        for target in targets
    ]  # fmt: skip
    return _report(post, lines)


def _report(post: Post | None, lines: list[_Line], *, is_dry: bool = False) -> PublishOutput:
    results = [_result(line, is_dry=is_dry) for line in lines]
    refused = sum(1 for one in results if one.status == "refused")
    return PublishOutput(
        post=post.pk if post else None,
        dry_run=is_dry,
        status="refused" if refused == len(results) else "partly" if refused else "scheduled",
        price_usd=sum(one.price_usd or 0 for one in results if one.status == "scheduled"),
        results=results,
        at=timezone.now(),
    )


def _result(line: _Line, *, is_dry: bool) -> ChannelResult:
    channel, ready = line.channel, line.ready
    found = ChannelResult(channel=line.channel_id, status="refused" if line.error else "scheduled")
    if channel is not None:
        found.name, found.provider = channel.name, channel.provider
        if line.variant is not None:
            used = content.count(channel, line.variant.text)
            found.count = Counted(used=used.used, limit=used.limit, unit=used.unit)
    if ready is not None:
        found.parts = len(ready.parts())
        found.quotas = quotas.left(channel) if channel is not None else []
    if line.flight is not None:
        found.flight, found.price_usd = line.flight.as_json(), line.flight.price_usd
    if line.error is not None:
        found.error = _refusal(line)
    elif not is_dry and line.target is not None:
        found.target, found.permalink = line.target.pk, line.target.permalink
        found.state = str(line.target.state)
    found.due_at = None if line.error else line.due_at
    return found


def _refusal(line: _Line) -> Refusal:
    """The error as this channel's own: its id in front of a field's name says nothing here."""
    error = line.error
    assert error is not None
    return Refusal(
        code=str((error.params or {}).get("issue") or error.code),
        message=error.message,
        field=(error.field or "").removeprefix(f"{line.channel_id}."),
    )
