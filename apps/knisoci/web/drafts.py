"""The composer's form: what is typed, how it stands with each network, and how it is stored.

The text, its files and its thread are written once; a channel takes them over until someone gives
that channel a version of its own. Which channels follow is not stored: those that equal the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.errors import DomainError
from apps.ids import uuid7
from apps.integrations.providers.base import Count
from apps.knisoci import content, queries
from apps.knisoci.models import Channel, Post, Target, Variant
from apps.knisoci.services import flight, posts
from apps.knisoci.transitions import EDITABLE, TargetState
from apps.knisoci.types import Flight, Reason
from apps.knisoci.web import shaping
from apps.knisoci.web.sheets import ALL, DraftForm, Line, Part, PollForm, Sheet
from apps.media import queries as media
from apps.media.services import assets
from apps.workspaces.types import Actor


def empty(channels: list[Channel], chosen: list[Channel], text: str = "") -> DraftForm:
    ids = {channel.pk for channel in chosen}
    lines = tuple(Line(channel, is_chosen=channel.pk in ids) for channel in channels)
    form = DraftForm(None, "", Sheet(Part(ALL, text=text)), lines, draft_id=uuid7())
    return measured(form)


def of_post(post: Post, channels: list[Channel]) -> DraftForm:
    """The form of a stored post."""
    stored = {row.channel_id: row for row in post.sheets}  # type: ignore[attr-defined]
    main = _main_sheet(stored.values())
    poll = next((row.poll for row in stored.values() if row.poll), None)
    lines = []
    for channel in channels:
        line = Line(channel)
        if row := stored.get(channel.pk):
            own = _sheet_of(row, line.key)
            line.is_chosen = True
            line.is_custom = not own.same_as(main, with_thread=bool(line.facts.thread))
            line.own = own if line.is_custom else None
            line.format, line.title, line.link = row.format, row.title, row.link
            line.first_comment, line.options = row.first_comment, dict(row.options)
            line.with_poll = bool(row.poll) or poll is None
        lines.append(line)
    form = DraftForm(
        post.pk, post.title, main, tuple(lines), _poll_form(poll), campaign=post.campaign_id
    )
    return attached(measured(form), post, check=False)


def line_of(row: Variant, target: Target) -> Line:
    """One stored variant as its channel shows it, for a preview. Needs `channel.connection`."""
    sheet = _sheet_of(row, ALL)
    line = Line(target.channel, is_chosen=True, sheet=sheet, poll=row.poll, target=target)
    line.format, line.title, line.link = row.format, row.title, row.link
    line.first_comment, line.options = row.first_comment, dict(row.options)
    _load_files([sheet])
    return line


def attached(form: DraftForm, post: Post, *, check: bool = True) -> DraftForm:
    """`form` with how its stored post stands on each channel.

    Without `check` the last flight check is shown, and none where something changed since.
    """
    stored = {row.channel_id: row for row in post.sheets}  # type: ignore[attr-defined]
    for line in form.lines:
        row = stored.get(line.channel.pk)
        if row is None:
            continue
        line.target, line.voice = row.target, row.voice_score
        line.flight = _check(row) if check else _last_flight(row.target)
    return replace(form, post_id=post.pk)


def store(*, actor: Actor, form: DraftForm) -> Post:
    """Write the form through the services: the post, its chosen channels, and no others.

    All or nothing. Raises what the services raise; the form itself loses nothing.
    """
    with transaction.atomic():
        if form.post_id is None:
            campaign = form.campaign if isinstance(form.campaign, UUID) else None
            post = posts.create(actor=actor, title=form.title, campaign=campaign, id=form.draft_id)
        else:
            post = posts.update(
                actor=actor, post=form.post_id, title=form.title, campaign=form.campaign
            )
        _describe(actor, form)
        known = dict(post.targets.values_list("channel_id", "state"))
        for line in form.lines:
            if known.get(line.channel.pk, TargetState.DRAFT) not in EDITABLE:
                continue  # out already: nothing of it can change
            if line.is_chosen:
                _store_line(actor, post, line)
            elif line.channel.pk in known:
                posts.remove_variant(actor=actor, post=post, channel=line.channel)
    return queries.composer(post.pk)


def _store_line(actor: Actor, post: Post, line: Line) -> None:
    posts.save_variant(
        actor=actor,
        post=post,
        channel=line.channel,
        text=line.shown,
        media=line.sheet.post.media,
        options=shaping.kept_options(line.facts, line.options, line.shape_key),
        format=line.format,
        title=line.title if line.facts.title else "",
        link=line.link if line.has_link else "",
        thread=[{"text": part.text, "media": part.media} for part in line.thread],
        first_comment=line.first_comment if line.facts.first_comment else "",
        poll=line.poll or {},
    )


def _describe(actor: Actor, form: DraftForm) -> None:
    """Keep the descriptions of files that were changed here."""
    before = {
        str(tile.pk): tile.alt_text
        for sheet in form.sheets
        for part in sheet.parts
        for tile in part.tiles
    }
    for pk, words in form.alts.items():
        if pk in before and before[pk] != words.strip():
            assets.update(actor=actor, asset=UUID(pk), alt_text=words)


def measured(form: DraftForm) -> DraftForm:
    """Put the sheets on their channels, load the files once, count by each network's own rule.

    Only chosen channels have a count: of the others nothing is drawn.
    """
    for line in form.lines:
        line.sheet = line.own if line.is_custom and line.own else form.sheet
        line.poll = form.poll.value if line.facts.poll and line.with_poll else None
    _load_files(form.sheets)
    for line in form.chosen:
        line.count = _count(line, line.shown, line.shape)
    _count_parts(form)
    return form


def _load_files(sheets: Iterable[Sheet]) -> None:
    parts = [part for sheet in sheets for part in sheet.parts if part.media]
    wanted = list(dict.fromkeys(pk for part in parts for pk in part.media))
    try:
        found = {row.pk: row for row in media.in_order(wanted)} if wanted else {}
    except DomainError:  # one that never was: the service says so when it is stored
        found = {}
    for part in parts:
        part.tiles = [found[pk] for pk in part.media if pk in found]


def _count(line: Line, text: str, shape: Any = None) -> Count:
    count = content.count(line.channel, text)
    return replace(count, limit=shape.text_limit) if shape and shape.text_limit else count


def _count_parts(form: DraftForm) -> None:
    """Each part's counter follows the chosen network that has least room left for it."""
    for line in form.chosen:
        for part in line.sheet.parts:
            if part.key and not line.facts.thread:
                continue
            count = _count(line, part.text, None if part.key else line.shape)
            if part.count is None or count.left < part.count.left:
                part.count, part.counted_by = count, line.provider.name


def _check(row: Any) -> Flight:
    """The flight check of a stored variant, with what is loaded already."""
    target = row.target
    target.variant, target.channel = row, row.channel
    return flight.check(target)


def _last_flight(target: Target) -> Flight | None:
    kept = target.flight
    if not kept.get("level"):
        return None
    reasons = tuple(
        Reason(one["level"], one["code"], one["message"], one.get("repair", ""))
        for one in kept.get("reasons", ())
    )
    return Flight(kept["level"], reasons)


def _main_sheet(rows: Iterable[Any]) -> Sheet:
    """The common version: the first one's, with the thread of the first that has the same text."""
    rows = list(rows)
    if not rows:
        return Sheet(Part(ALL))
    first = rows[0]
    same = [r for r in rows if r.text == first.text and r.media == first.media]
    longest = next((row for row in same if row.thread), first)
    return _sheet_of(longest, ALL)


def _sheet_of(row: Any, scope: str) -> Sheet:
    thread = [
        Part(
            scope,
            f"p{number}",
            str(piece.get("text", "")),
            tuple(UUID(str(pk)) for pk in piece.get("media") or ()),
        )
        for number, piece in enumerate(row.thread, 1)
    ]
    return Sheet(Part(scope, text=row.text, media=tuple(row.media)), thread)


def _poll_form(poll: Mapping[str, Any] | None) -> PollForm:
    if not poll:
        return PollForm()
    answers = tuple(str(one) for one in poll["options"])
    padded = answers + ("",) * (2 - len(answers))
    return PollForm(True, padded, int(poll.get("minutes", 1440)), bool(poll.get("multiple")))
