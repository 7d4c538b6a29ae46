"""From what a browser sends to the composer's form. Nothing typed is dropped, nothing is trusted."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import QueryDict

from apps.ids import parse_id
from apps.integrations.providers.capabilities import Option
from apps.knisoci.models import Channel
from apps.knisoci.web.drafts import measured
from apps.knisoci.web.sheets import ALL, DraftForm, Line, Part, PollForm, Sheet

_KEY = re.compile(r"[a-z0-9]{1,16}")
_PARTS, _ANSWERS = 100, 20


def parse(data: QueryDict, channels: list[Channel]) -> DraftForm:
    """The form as it was sent; unknown channels and ids that are none are passed over."""
    chosen, drawn = set(data.getlist("channel")), set(data.getlist("drawn"))
    lines = [_line(data, channel, str(channel.pk) in chosen) for channel in channels]
    for line in lines:
        line.is_drawn = line.key in drawn
    sheet = _sheet(data, ALL)
    form = DraftForm(
        parse_id(data.get("post", "")),
        data.get("title", ""),
        sheet,
        tuple(lines),
        _poll(data),
        draft_id=parse_id(data.get("draft", "")),
    )
    return measured(_with_details(form, data))


def arriving(data: QueryDict, channels: list[Channel]) -> list[Channel]:
    """Those of `channels` that are chosen and whose fields the page has not got yet."""
    keys = set(data.getlist("channel")) - set(data.getlist("drawn"))
    return [channel for channel in channels if str(channel.pk) in keys]


def _with_details(form: DraftForm, data: QueryDict) -> DraftForm:
    ids = {pk for sheet in form.sheets for part in sheet.parts for pk in part.media}
    alts = {str(pk): str(data[f"alt-{pk}"]) for pk in ids if f"alt-{pk}" in data}
    campaign = parse_id(str(data["campaign"])) if "campaign" in data else "keep"
    return replace(form, alts=alts, campaign=campaign)


def _line(data: QueryDict, channel: Channel, is_chosen: bool) -> Line:
    line = Line(channel, is_chosen=is_chosen)
    key = line.key
    line.is_custom = f"custom-{key}" in data and f"text-{key}" in data
    if f"text-{key}" in data:
        line.own = _sheet(data, key)
    line.format = data.get(f"format-{key}", "")
    line.with_poll = f"poll-{key}" in data or f"poll-{key}-shown" not in data
    line.title = data.get(f"title-{key}", "")
    line.link = data.get(f"link-{key}", "")
    line.first_comment = data.get(f"comment-{key}", "").replace("\r\n", "\n")
    prefix = f"option-{key}-"
    for option in line.facts.options:
        value = _value(data, f"{prefix}{option.name}", option)
        if value is not None:
            line.options[option.name] = value
    return line


def _value(data: QueryDict, name: str, option: Option) -> Any:
    """A toggle that is not sent is off; None leaves the option out, so that its default counts."""
    if option.kind == "toggle":
        if data.get(name):
            return "1"
        return False if option.default is True and f"{name}-shown" in data else None
    return data.get(name) or None


def _sheet(data: QueryDict, scope: str) -> Sheet:
    post = Part(scope)
    post.text = data.get(post.text_name, "").replace("\r\n", "\n")
    post.media = _ids(data, post.media_name)
    sheet = Sheet(post)
    for key in list(dict.fromkeys(data.getlist(sheet.thread_name)))[:_PARTS]:
        if not _KEY.fullmatch(key):
            continue
        part = Part(scope, key)
        part.text = data.get(part.text_name, "").replace("\r\n", "\n")
        part.media = _ids(data, part.media_name)
        sheet.thread.append(part)
    return sheet


def _ids(data: QueryDict, name: str) -> tuple[UUID, ...]:
    return tuple(filter(None, (parse_id(text) for text in data.getlist(name))))


def _poll(data: QueryDict) -> PollForm:
    answers = tuple(data.getlist("answer")[:_ANSWERS])
    minutes = data.get("poll-minutes", "")
    return PollForm(
        is_on="poll-on" in data,
        options=answers + ("",) * (2 - len(answers)),
        minutes=int(minutes) if re.fullmatch(r"[1-9]\d{0,5}", minutes) else 1440,
        multiple="poll-multiple" in data,
    )
