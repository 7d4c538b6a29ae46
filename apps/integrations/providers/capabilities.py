"""Facts about a network as dated data, read by counters, validators, media preparation and docs.

Each provider keeps its own `capability.json`. A wrong shape stops start-up, not a publication.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ApiVersion(_Data):
    """`sunset_on` is the version's last day; the alarm rings `alarm_days` before it."""

    version: str
    released_on: date | None = None
    sunset_on: date | None = None
    alarm_days: int = 60

    def days_left(self, today: date) -> int | None:
        return (self.sunset_on - today).days if self.sunset_on else None


class TextRules(_Data):
    """`limit` in `unit`s; an account's own limit (Account.limits["text"]) wins.

    `counting` is a key of counting.RULES, which browsers follow too; `note` says it for people.
    """

    limit: int = Field(gt=0)
    unit: Literal["characters", "graphemes", "weighted characters", "bytes", "UTF-16 units"]
    counting: str
    note: str = ""
    max_bytes: int | None = None
    characters_per_url: int | None = None
    required: bool = False  # False: a post may be media only
    max_hashtags: int | None = None
    max_mentions: int | None = None
    max_links: int | None = None


class TitleRules(_Data):
    """A title beside the text, where the network has one."""

    limit: int = Field(gt=0)
    counting: str = "characters"
    required: bool = False
    label: str = "Title"
    forbidden: str = ""  # characters it may not have
    formats: tuple[str, ...] = ()  # only for these; empty: for all


class ImageRules(_Data):
    max_count: int = Field(ge=0)
    max_bytes: int
    mimes: tuple[str, ...]
    max_pixels: int | None = None
    max_side: int | None = None
    min_side: int | None = None
    min_ratio: float | None = None  # width / height
    max_ratio: float | None = None
    frame: float | None = None  # as VideoRules.frame
    alt_limit: int = 0  # 0: the network keeps no description


class VideoRules(_Data):
    """Sizes in bytes and pixels, times in seconds, rates in frames and megabits per second."""

    max_count: int = 1
    max_bytes: int
    mimes: tuple[str, ...] = ("video/mp4",)
    min_seconds: float = 0
    max_seconds: float
    min_fps: float | None = None
    max_fps: float | None = None
    max_width: int | None = None
    max_height: int | None = None
    max_pixels: int | None = None  # width by height of one frame
    min_side: int | None = None
    min_ratio: float | None = None
    max_ratio: float | None = None
    # The shape readers see it in; a file is brought into it where the option "fit" says how.
    frame: float | None = None
    max_mbps: float | None = None
    alt_limit: int = 0
    cover: Literal["none", "image", "moment", "both"] = "none"
    captions: bool = False


class DocumentRules(_Data):
    max_bytes: int
    max_pages: int | None = None
    mimes: tuple[str, ...]
    title_required: bool = False


class PollRules(_Data):
    min_options: int = 2
    max_options: int = 4
    option_limit: int = 25
    min_minutes: int = 5
    max_minutes: int = 10_080
    minutes: tuple[int, ...] = ()  # the only ones allowed, where the network has a list
    multiple: bool = False
    with_media: bool = False


class ThreadRules(_Data):
    max_parts: int = 25
    with_media: bool = True


class CommentRules(_Data):
    limit: int
    counting: str = "characters"


class PostFormat(_Data):
    """One shape of post. Its own image and video rules replace the network's for this format."""

    key: str  # text, image, carousel, video, reel, short, story, document, poll, article …
    label: str
    takes: tuple[Literal["image", "gif", "video", "document"], ...] = ()
    min_media: int = 0
    max_media: int = 0
    mixed: bool = False  # whether kinds of media may stand together
    text: bool = True
    text_limit: int | None = None  # in the network's unit, where this format has its own
    images: ImageRules | None = None
    video: VideoRules | None = None
    help: str = ""


class Option(_Data):
    """One extra choice for a post on this network, drawn by the composer as a form field."""

    name: str
    label: str
    kind: Literal["select", "text", "textarea", "toggle", "language", "tags", "address"]
    default: str | bool = ""
    choices: tuple[tuple[str, str], ...] = ()
    choices_from: str = ""  # a key of Account.limits that holds [value, label] pairs
    max_length: int | None = None
    help: str = ""
    required: bool = False
    formats: tuple[str, ...] = ()  # only for these; empty: for all
    consent: bool = False  # a toggle that must be on before anything goes out
    # What has to be chosen for this one to count: a toggle's "name", or "name=value" of a select.
    only_if: str = ""
    disabled_by: str = ""  # a key of Account.limits: true there, and this one stays off


class UploadRules(_Data):
    """How files are cut for networks that take bytes in pieces. All in bytes but `max_chunks`."""

    chunk_bytes: int = Field(gt=0)  # what we send at once
    min_chunk_bytes: int = 0
    max_chunk_bytes: int | None = None
    max_last_bytes: int | None = None
    max_chunks: int | None = None
    multiple_of: int = 1  # of every piece but the last


class Publishing(_Data):
    """`promise` decides what a lost answer means: keyed calls repeat, others are read back."""

    promise: Literal["keyed", "readable", "write_only"]
    settle_seconds: float = Field(ge=0)
    reconcile_seconds: int = Field(gt=0)  # how long after a call its post is still found
    link_card: Literal["none", "by_network", "by_us"] = "none"
    edit: bool = False
    delete: bool = False
    pulls_media: bool = False  # it fetches files from our public address
    # How old what the account told us may be when a form is drawn; 0: the daily check is enough.
    fresh_seconds: int = 0
    patience_seconds: int = 3600  # how long it may work on a post before that is a failure
    repeats_refused_seconds: int = 0  # how long an equal post of the same account is refused


class MetricDef(_Data):
    """`valid_until` marks a metric that the network has announced to stop."""

    name: str  # Candy's own name, the same over all networks
    label: str
    remote: str  # the network's name for it
    valid_from: date | None = None
    valid_until: date | None = None  # its last day
    formats: tuple[str, ...] = ()  # only for these; empty: for all

    def is_live(self, today: date) -> bool:
        return (self.valid_from is None or self.valid_from <= today) and (
            self.valid_until is None or today <= self.valid_until
        )


class RateRule(_Data):
    """Calls in a window. `endpoint` names a group of calls, `label` says in words what they do;
    `scope` whose window it is.
    """

    scope: Literal["account", "app", "address"]
    limit: int
    seconds: int
    endpoint: str = "all"
    label: str = ""


class QuotaRule(_Data):
    """Publications (or units of them) in a window. `read` says the network tells the real figure.

    `resets`: "rolling" over `seconds`, or at midnight of a zone. `only_if` is as an Option's.
    """

    name: str
    label: str
    scope: Literal["account", "app"]
    limit: int
    seconds: int = 86_400
    resets: Literal["rolling", "UTC", "America/Los_Angeles"] = "rolling"
    role: Literal["post", "thread", "comment"] = "post"
    formats: tuple[str, ...] = ()
    only_if: str = ""
    units: int = 1
    read: bool = False


class PriceRule(_Data):
    """What one call costs Candy's app. `when`: always, for a text with a link, for an image with alt."""

    usd: float = Field(ge=0)
    when: Literal["post", "post_with_link", "alt_text"]
    label: str


class Access(_Data):
    """What it takes to be let in, for the connect page and the docs table.

    `scopes` are the rights without which a post, a further part, a first comment or media do not go
    out, where the network has rights for that; the flight check compares them with what was granted.
    In "a|b" either will do; which one a certain account or post takes, PublishProvider.rights says.
    """

    review: str = ""
    without_review: str = ""
    scopes: dict[Literal["post", "thread", "comment", "media"], tuple[str, ...]] = {}


class Capabilities(_Data):
    provider: str
    checked_on: date
    sources: tuple[str, ...]
    api: ApiVersion
    access: Access = Access()
    text: TextRules
    title: TitleRules | None = None
    images: ImageRules
    video: VideoRules | None = None
    document: DocumentRules | None = None
    poll: PollRules | None = None
    thread: ThreadRules | None = None
    first_comment: CommentRules | None = None
    formats: tuple[PostFormat, ...] = ()
    options: tuple[Option, ...] = ()
    upload: UploadRules | None = None
    publishing: Publishing
    metrics: tuple[MetricDef, ...]
    rates: tuple[RateRule, ...] = ()
    quotas: tuple[QuotaRule, ...] = ()
    prices: tuple[PriceRule, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Capabilities:
        return cls.model_validate_json(path.read_text(encoding="utf-8"))

    def format(self, key: str) -> PostFormat | None:
        return next((one for one in self.formats if one.key == key), None)

    def live_metrics(self, today: date) -> tuple[MetricDef, ...]:
        """Without what the network has ended: one dead name would spoil the whole call."""
        return tuple(one for one in self.metrics if one.is_live(today))
