"""The composer's form: what is typed, how it stands with each network, and how it is stored.

The text is written once; a channel takes it over until someone makes that channel's own. Which
channels are linked is not stored: those whose text equals the first one's are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import QueryDict

from apps.errors import DomainError
from apps.ids import parse_id
from apps.integrations.providers.base import Count
from apps.knisoci import content, queries
from apps.knisoci.models import Channel, Post, Target
from apps.knisoci.services import flight, posts
from apps.knisoci.transitions import EDITABLE, TargetState
from apps.knisoci.types import Flight
from apps.knisoci.web import present
from apps.media import queries as media
from apps.media.services import assets
from apps.workspaces.types import Actor


@dataclass
class Line:
    """One channel in the composer. ``text`` counts only while ``is_custom``; see ``shown``."""

    channel: Channel
    is_chosen: bool = False
    is_custom: bool = False
    text: str = ""
    options: dict[str, str] = field(default_factory=dict)
    target: Target | None = None
    voice: int | None = None
    shown: str = ""
    count: Count | None = None
    flight: Flight | None = None

    @property
    def key(self) -> str:
        return str(self.channel.pk)

    @property
    def view(self) -> dict[str, Any]:
        return present.channel_view(self.channel)

    @property
    def choices(self) -> list[tuple[Any, Any]]:
        """The network's own options with what is chosen, as its capability file has them."""
        options = content.provider_of(self.channel).capabilities.options
        return [(option, self.options.get(option.name, option.default)) for option in options]

    @property
    def is_locked(self) -> bool:
        """Out already or on its way: shown, not changed."""
        return self.target is not None and self.target.state not in EDITABLE


@dataclass(frozen=True)
class DraftForm:
    """``media`` are asset ids in order; ``alts`` their descriptions as typed, by id."""

    post_id: UUID | None
    title: str
    text: str
    media: tuple[UUID, ...]
    lines: tuple[Line, ...]
    alts: Mapping[str, str] = field(default_factory=dict)
    error: DomainError | None = None

    @property
    def chosen(self) -> list[Line]:
        return [line for line in self.lines if line.is_chosen]

    @property
    def assets(self) -> list[Any]:
        return list(media.in_order(self.media)) if self.media else []

    def with_error(self, error: DomainError) -> DraftForm:
        return replace(self, error=error)


def empty(channels: list[Channel], chosen: list[Channel], text: str = "") -> DraftForm:
    ids = {channel.pk for channel in chosen}
    lines = [Line(channel, is_chosen=channel.pk in ids) for channel in channels]
    return _measured(DraftForm(None, "", text, (), tuple(lines)))


def parse(data: QueryDict, channels: list[Channel]) -> DraftForm:
    """The form as it was sent; unknown channels and ids that are none are passed over."""
    chosen = set(data.getlist("channel"))
    lines = [
        Line(
            channel,
            is_chosen=str(channel.pk) in chosen,
            is_custom=f"custom-{channel.pk}" in data,
            text=data.get(f"text-{channel.pk}", ""),
            options=_options(data, channel),
        )
        for channel in channels
    ]
    images = tuple(filter(None, (parse_id(text) for text in data.getlist("media"))))
    alts = {str(pk): str(data[f"alt-{pk}"]) for pk in images if f"alt-{pk}" in data}
    form = DraftForm(
        parse_id(data.get("post", "")),
        data.get("title", ""),
        data.get("text", ""),
        images,
        tuple(lines),
        alts,
    )
    return _measured(form)


def of_post(post: Post, channels: list[Channel], keep: DraftForm | None = None) -> DraftForm:
    """The form of a stored post. ``keep`` is the form just sent: its linking survives the save."""
    sheets = {sheet.channel_id: sheet for sheet in post.sheets}  # type: ignore[attr-defined]
    first = next(iter(sheets.values()), None)
    main = keep.text if keep else (first.text if first else "")
    custom = {line.key for line in keep.lines if line.is_custom} if keep else None
    lines = []
    for channel in channels:
        sheet = sheets.get(channel.pk)
        differs = sheet is not None and sheet.text != main
        line = Line(
            channel,
            is_chosen=sheet is not None,
            is_custom=str(channel.pk) in custom if custom is not None else differs,
            text=sheet.text if sheet else "",
            options=dict(sheet.options) if sheet else {},
            target=sheet.target if sheet else None,
            voice=sheet.voice_score if sheet else None,
        )
        if sheet is not None:
            line.flight = _check(sheet)
        lines.append(line)
    images = tuple(first.media) if first else (keep.media if keep else ())
    return _measured(DraftForm(post.pk, post.title, main, images, tuple(lines)))


def store(*, actor: Actor, form: DraftForm) -> Post:
    """Write the form through the services: the post, its chosen channels, and no others.

    All or nothing. Raises what the services raise; the form itself loses nothing.
    """
    with transaction.atomic():
        if form.post_id is None:
            post = posts.create(actor=actor, title=form.title)
        else:
            post = posts.update(actor=actor, post=form.post_id, title=form.title)
        for pk, alt_text in form.alts.items():
            assets.update(actor=actor, asset=UUID(pk), alt_text=alt_text)
        known = dict(post.targets.values_list("channel_id", "state"))
        for line in form.lines:
            if known.get(line.channel.pk, TargetState.DRAFT) not in EDITABLE:
                continue  # out already: nothing of it can change
            if line.is_chosen:
                posts.save_variant(
                    actor=actor,
                    post=post,
                    channel=line.channel,
                    text=line.shown,
                    media=form.media,
                    options=line.options,
                )
            elif line.channel.pk in known:
                posts.remove_variant(actor=actor, post=post, channel=line.channel)
    return queries.composer(post.pk)


def _check(sheet: Any) -> Flight:
    """The flight check of a stored variant, with what is loaded already."""
    target = sheet.target
    target.variant, target.channel = sheet, sheet.channel
    return flight.check(target)


def _measured(form: DraftForm) -> DraftForm:
    """Count each channel's text by its network's own rule."""
    for line in form.lines:
        line.shown = line.text if line.is_custom else form.text
        line.count = content.count(line.channel, line.shown)
    return form


def _options(data: Mapping[str, Any], channel: Channel) -> dict[str, str]:
    prefix = f"option-{channel.pk}-"
    return {
        name.removeprefix(prefix): str(value)
        for name, value in data.items()
        if name.startswith(prefix) and value
    }
