"""What a network lets a post be, for the composer: its formats, fields, options and price.

Pure: capability file, account and what is written, in; what to draw, out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.integrations.providers import checks
from apps.integrations.providers.base import Content, MediaItem, Piece, Poll

if TYPE_CHECKING:
    from apps.integrations.providers.base import Account, PublishProvider
    from apps.integrations.providers.capabilities import Capabilities, Option, PostFormat

# How long polls usually run, in minutes; a network's own list replaces it.
DURATIONS = (30, 60, 360, 720, 1440, 4320, 10_080, 20_160)


@dataclass(frozen=True, slots=True)
class FormatView:
    """A kind of post. `fits`: the chosen media can be it; `is_chosen`: a person said so."""

    key: str
    label: str
    help: str
    fits: bool
    is_chosen: bool

    @property
    def is_shown(self) -> bool:
        return self.fits or self.is_chosen


@dataclass(frozen=True, slots=True)
class OptionView:
    """One of the network's own choices as a form field. `counts`: it matters as things stand."""

    option: Option
    field: str
    value: Any
    choices: Sequence[tuple[str, str]]
    counts: bool
    is_off: bool  # the account does not allow it
    decides: bool  # others depend on it

    @property
    def is_on(self) -> bool:
        return checks.is_on(self.value)

    @property
    def formats(self) -> str:
        return " ".join(self.option.formats)

    @property
    def is_early(self) -> bool:
        """Shown at once instead of behind “More options”: somebody has to decide it."""
        return bool(
            self.option.required or self.option.consent or self.option.only_if or self.decides
        )


def plain(
    *,
    text: str,
    assets: Sequence[Any],
    options: Mapping[str, Any],
    format: str,
    title: str,
    link: str,
    thread: Sequence[tuple[str, Sequence[Any]]],
    first_comment: str,
    poll: Mapping[str, Any] | None,
) -> Content:
    """The content as it is written, with the library's files instead of finished renditions."""
    return Content(
        text=text,
        media=tuple(map(_item, assets)),
        options=options,
        format=format,
        title=title,
        link=link,
        thread=tuple(Piece(words, tuple(map(_item, files))) for words, files in thread),
        first_comment=first_comment,
        poll=Poll(tuple(poll["options"]), poll["minutes"], poll["multiple"]) if poll else None,
    )


def _item(asset: Any) -> MediaItem:
    return MediaItem(
        asset_id=str(asset.pk),
        mime=asset.mime,
        size=asset.size,
        width=asset.width,
        height=asset.height,
        alt_text=asset.alt_text,
        read=bytes,
        seconds=asset.duration or 0.0,
        pages=asset.pages or 0,
        name=asset.name,
    )


def format_of(facts: Capabilities, content: Content) -> PostFormat | None:
    """What it goes out as: the chosen format, else the first that takes what is there."""
    return checks.format_of(content, facts)


def formats(facts: Capabilities, content: Content) -> list[FormatView]:
    return [
        FormatView(
            shape.key, shape.label, shape.help, _fits(shape, content), shape.key == content.format
        )
        for shape in facts.formats
    ]


def _fits(shape: PostFormat, content: Content) -> bool:
    if (shape.key == "poll") != (content.poll is not None):
        return False
    kinds = {item.kind for item in content.media}
    return shape.min_media <= len(content.media) <= shape.max_media and kinds <= set(shape.takes)


def options(
    facts: Capabilities, account: Account, chosen: Mapping[str, Any], shape: str, prefix: str
) -> list[OptionView]:
    """Every option of the network; fields are named `prefix` + name. `shape` is the format's key."""
    causes = {one.only_if.partition("=")[0] for one in facts.options}
    return [
        OptionView(
            option=one,
            field=f"{prefix}{one.name}",
            value=chosen.get(one.name, one.default),
            choices=_choices(one, account),
            counts=counts(one, facts, chosen, shape),
            is_off=bool(one.disabled_by and account.limits.get(one.disabled_by)),
            decides=one.name in causes,
        )
        for one in facts.options
    ]


def counts(option: Option, facts: Capabilities, chosen: Mapping[str, Any], shape: str) -> bool:
    """Whether `option` matters for this format and these other choices, and what it depends on does."""
    if option.formats and shape and shape not in option.formats:
        return False
    first = option.only_if.partition("=")[0]
    cause = next((one for one in facts.options if first and one.name == first), None)
    if cause is not None and not counts(cause, facts, chosen, shape):
        return False
    return checks.counts(option, chosen, facts)


def _choices(option: Option, account: Account) -> list[tuple[str, str]]:
    found = [(str(value), str(label)) for value, label in option.choices]
    told = account.limits.get(option.choices_from) if option.choices_from else None
    return found + [(str(value), str(label)) for value, label in told or ()]


def kept_options(facts: Capabilities, chosen: Mapping[str, Any], shape: str) -> dict[str, Any]:
    """`chosen` without what has no meaning as things stand: it must not go out by accident."""
    dead = {one.name for one in facts.options if not counts(one, facts, chosen, shape)}
    return {name: value for name, value in chosen.items() if name not in dead}


def price(provider: PublishProvider, content: Content) -> Decimal:
    """What the network will charge for all parts of it, in US dollars."""
    if not provider.capabilities.prices:
        return Decimal(0)
    return sum((provider.price(part.content) for part in content.parts()), Decimal(0))


def poll_minutes(networks: Sequence[Capabilities], chosen: int) -> list[tuple[int, str]]:
    """How long a poll may run on all of `networks`, with words; what is chosen is always there."""
    listed = [set(facts.poll.minutes) for facts in networks if facts.poll and facts.poll.minutes]
    found = set.intersection(*listed) if listed else set(DURATIONS)
    for facts in networks:
        if facts.poll:
            least, most = facts.poll.min_minutes, facts.poll.max_minutes
            found = {minutes for minutes in found if least <= minutes <= most}
    return [(minutes, _duration(minutes)) for minutes in sorted(found | {chosen})]


def _duration(minutes: int) -> str:
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size and minutes % size == 0:
            amount = minutes // size
            return f"{amount} {word}{'' if amount == 1 else 's'}"
    return f"{minutes} minutes"
