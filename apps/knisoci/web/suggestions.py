"""Candidates for the composer and the first campaign, grouped by channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from apps.agents.networks import network_of
from apps.agents.services import writing
from apps.agents.writing import BUILT_IN, Brief, Network
from apps.errors import ValidationFailed
from apps.integrations import providers
from apps.knisoci import content
from apps.knisoci.models import Channel
from apps.knisoci.web import present
from apps.workspaces.types import Actor


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One candidate as pages show it; ``key`` names it in forms."""

    key: str
    text: str
    writer: str
    is_built_in: bool
    voice_score: int
    used: int
    limit: int
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Group:
    channel: Channel
    network: present.Network
    candidates: list[Suggestion]


def brief_of(*, topic: str, link: str, channels: list[Channel], **more: Any) -> Brief:
    """The brief for ``channels``. Raises ValidationFailed with the field named."""
    keys = list(dict.fromkeys(channel.provider for channel in channels))
    try:
        return Brief(topic=topic, link=link, networks=keys, **more)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else None
        words = first["msg"].removeprefix("Value error, ")
        if field == "topic":
            words = "Say in a few words, at most 300 characters, what it is about."
        raise ValidationFailed(words, field=field) from error


def candidates(*, actor: Actor, topic: str, link: str, channels: list[Channel]) -> list[Group]:
    """Two or three candidates for each of ``channels``; channels of one network share theirs.

    Takes seconds with a model, so never inside a transaction. Raises ValidationFailed, NoVoice.
    """
    if not channels:
        return []
    brief = brief_of(topic=topic, link=link, channels=channels)
    draft = writing.write_candidates(actor=actor, brief=brief, networks=_networks(channels))
    return grouped(draft, channels)


def grouped(draft: Any, channels: list[Channel]) -> list[Group]:
    rows = list(draft.candidates.all())
    return [
        Group(
            channel,
            present.network(channel.provider),
            [_suggestion(row, channel) for row in rows if row.network == channel.provider],
        )
        for channel in channels
    ]


def _networks(channels: list[Channel]) -> list[Network]:
    """How each network counts for these accounts; of two accounts the tighter limit holds."""
    found: dict[str, Network] = {}
    for channel in channels:
        provider = providers.of_row(channel.provider)
        account = channel.connection.account
        network = network_of(provider, account)
        known = found.get(network.key)
        if known is None or network.limit < known.limit:
            found[network.key] = network
    return list(found.values())


def _suggestion(row: Any, channel: Channel) -> Suggestion:
    count = content.count(channel, row.text)
    built_in = row.writer == BUILT_IN
    return Suggestion(
        key=str(row.pk),
        text=row.text,
        writer="Built-in writer" if built_in else row.writer,
        is_built_in=built_in,
        voice_score=row.score,
        used=count.used,
        limit=count.limit,
        warnings=[str(finding.get("message", "")) for finding in row.findings],
    )
