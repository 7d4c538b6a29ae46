"""What the composer's form is made of: versions of the content, their parts, and a line for each channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from apps.errors import DomainError
from apps.integrations import providers
from apps.integrations.providers import counting
from apps.integrations.providers.base import Content, Count
from apps.knisoci import content
from apps.knisoci.models import Channel, Target
from apps.knisoci.transitions import EDITABLE
from apps.knisoci.types import Flight
from apps.knisoci.web import present, previews, shaping

ALL = "all"


@dataclass
class Part:
    """One post of a thread as it is written. The one without `key` is the post itself."""

    scope: str
    key: str = ""
    text: str = ""
    media: tuple[UUID, ...] = ()
    tiles: list[Any] = field(default_factory=list)
    count: Count | None = None  # by the tightest network that shows it
    counted_by: str = ""

    @property
    def ident(self) -> str:
        return f"{self.scope}-{self.key or 'post'}"

    @property
    def text_name(self) -> str:
        own = "" if self.scope == ALL else f"-{self.scope}"
        return f"part-{self.scope}-{self.key}" if self.key else f"text{own}"

    @property
    def media_name(self) -> str:
        own = "" if self.scope == ALL else f"-{self.scope}"
        return f"files-{self.scope}-{self.key}" if self.key else f"media{own}"


@dataclass
class Sheet:
    """One version of the content: the post and the rest of its thread."""

    post: Part
    thread: list[Part] = field(default_factory=list)

    @property
    def scope(self) -> str:
        return self.post.scope

    @property
    def thread_name(self) -> str:
        return "thread" if self.scope == ALL else f"thread-{self.scope}"

    @property
    def parts(self) -> list[Part]:
        return [self.post, *self.thread]

    @property
    def blank(self) -> Part:
        """What a new part is cloned from; the browser puts its own key."""
        return Part(self.scope, "KEY")

    def same_as(self, other: Sheet, *, with_thread: bool) -> bool:
        """Whether both say the same; `with_thread` where the network has threads."""
        mine, its = (self.parts, other.parts) if with_thread else ([self.post], [other.post])
        return [(p.text, p.media) for p in mine] == [(p.text, p.media) for p in its]

    def again(self, scope: str) -> Sheet:
        """A copy to start from."""
        return Sheet(
            Part(scope, text=self.post.text, media=self.post.media),
            [Part(scope, part.key, part.text, part.media) for part in self.thread],
        )


@dataclass
class PollForm:
    """Answers as typed, empty ones too; `minutes` is how long it runs."""

    is_on: bool = False
    options: tuple[str, ...] = ("", "")
    minutes: int = 1440
    multiple: bool = False

    @property
    def value(self) -> dict[str, Any] | None:
        given = [one.strip() for one in self.options if one.strip()]
        if not self.is_on or not given:
            return None
        return {"options": given, "minutes": self.minutes, "multiple": self.multiple}


@dataclass
class Line:
    """One channel in the composer. `own` counts only while `is_custom`; `sheet` is what it shows.

    `is_drawn`: the page has its fields. Those of a channel come when it is first chosen.
    """

    channel: Channel
    is_chosen: bool = False
    is_drawn: bool = True
    is_custom: bool = False
    own: Sheet | None = None
    format: str = ""
    title: str = ""
    link: str = ""
    first_comment: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    target: Target | None = None
    voice: int | None = None
    with_poll: bool = True
    sheet: Sheet = field(default_factory=lambda: Sheet(Part(ALL)))
    poll: dict[str, Any] | None = None
    count: Count | None = None
    flight: Flight | None = None

    @property
    def key(self) -> str:
        return str(self.channel.pk)

    @cached_property
    def provider(self) -> Any:
        return content.provider_of(self.channel)

    @cached_property
    def facts(self) -> Any:
        return self.provider.capabilities

    @cached_property
    def account(self) -> Any:
        return self.channel.connection.account

    @cached_property
    def view(self) -> dict[str, Any]:
        return present.channel_view(self.channel)

    @property
    def shown(self) -> str:
        return self.sheet.post.text

    @property
    def thread(self) -> list[Part]:
        return self.sheet.thread if self.facts.thread else []

    @cached_property
    def plain(self) -> Content:
        return shaping.plain(
            text=self.shown,
            assets=self.sheet.post.tiles,
            options=self.options,
            format=self.format,
            title=self.title,
            link=self.link,
            thread=[(part.text, part.tiles) for part in self.thread],
            first_comment=self.first_comment if self.facts.first_comment else "",
            poll=self.poll,
        )

    @cached_property
    def shape(self) -> Any:
        """The format that it goes out as, None where the network has none for this."""
        return shaping.format_of(self.facts, self.plain)

    @property
    def shape_key(self) -> str:
        return self.shape.key if self.shape else ""

    @cached_property
    def formats(self) -> list[shaping.FormatView]:
        return shaping.formats(self.facts, self.plain)

    @property
    def has_choice_of_format(self) -> bool:
        return len([one for one in self.formats if one.is_shown]) > 1 or bool(self.format)

    @cached_property
    def choices(self) -> list[shaping.OptionView]:
        return shaping.options(
            self.facts, self.account, self.options, self.shape_key, f"option-{self.key}-"
        )

    @property
    def early_choices(self) -> list[shaping.OptionView]:
        return [one for one in self.choices if one.is_early]

    @property
    def late_choices(self) -> list[shaping.OptionView]:
        return [one for one in self.choices if not one.is_early]

    @property
    def posting_as(self) -> str:
        """The creator's name there, where the network wants it shown beside the choices."""
        return str(self.account.limits.get("nickname") or "")

    @property
    def has_link(self) -> bool:
        return bool(self.facts.publishing.link_card == "by_us")

    @property
    def title_counts(self) -> bool:
        """Whether the network's title is for this format."""
        only = self.facts.title.formats
        return not only or self.shape_key in only

    @property
    def title_formats(self) -> str:
        return " ".join(self.facts.title.formats)

    @property
    def comment_count(self) -> Count | None:
        rules = self.facts.first_comment
        if rules is None or not self.first_comment:
            return None
        used = counting.measure(rules.counting, self.first_comment)
        return Count(used, rules.limit, rules.counting)

    @cached_property
    def price(self) -> Decimal:
        return shaping.price(self.provider, self.plain)

    @cached_property
    def preview(self) -> previews.Preview:
        return previews.of(self)

    @property
    def left_out(self) -> list[str]:
        """What is written but does not go out here, in words."""
        if not providers.is_here(self.channel.provider):
            return [self.provider.gone]
        found = []
        if self.sheet.thread and not self.facts.thread:
            found.append(f"{self.provider.name} has no threads: only the first part goes there.")
        return found

    @property
    def is_locked(self) -> bool:
        """Out already or on its way: shown, not changed."""
        return self.target is not None and self.target.state not in EDITABLE


@dataclass(frozen=True)
class DraftForm:
    """The whole form. `alts` are descriptions of files as typed, by asset id.

    `campaign` is an id, None for no campaign, "keep" where the form does not say. `draft_id` is the id
    that a post which is not stored yet will have: a save that is sent twice makes one draft.
    """

    post_id: UUID | None
    title: str
    sheet: Sheet
    lines: tuple[Line, ...]
    poll: PollForm = field(default_factory=PollForm)
    alts: Mapping[str, str] = field(default_factory=dict)
    campaign: UUID | str | None = "keep"
    draft_id: UUID | None = None
    error: DomainError | None = None

    @property
    def text(self) -> str:
        return self.sheet.post.text

    @property
    def chosen(self) -> list[Line]:
        return [line for line in self.lines if line.is_chosen]

    @property
    def sheets(self) -> list[Sheet]:
        return [self.sheet, *(line.own for line in self.lines if line.own is not None)]

    @property
    def has_threads(self) -> bool:
        return any(line.facts.thread for line in self.lines)

    @property
    def poll_lines(self) -> list[Line]:
        return [line for line in self.lines if line.facts.poll]

    @property
    def poll_minutes(self) -> list[tuple[int, str]]:
        networks = [line.facts for line in self.poll_lines if line.is_chosen]
        return shaping.poll_minutes(networks, self.poll.minutes)

    @property
    def takes_several_answers(self) -> bool:
        return any(line.facts.poll.multiple for line in self.poll_lines)

    @property
    def price(self) -> Decimal:
        return sum((line.price for line in self.chosen if not line.is_locked), Decimal(0))

    def with_error(self, error: DomainError) -> DraftForm:
        return replace(self, error=error)
