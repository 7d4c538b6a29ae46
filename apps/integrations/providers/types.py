"""What travels between Candy and a network's adapter: content, accounts, credentials, answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from apps.integrations.http import GuardedClient

from .errors import ErrorKind, ProviderError

Credentials = dict[str, str]
MediaKind = Literal["image", "gif", "video", "document"]
# What a part of a publication is: the post itself, the next one of a thread, or the first comment.
Role = Literal["post", "thread", "comment"]


def _now() -> datetime:
    return datetime.now(UTC)


def _no_address() -> str:
    raise ProviderError(
        ErrorKind.MEDIA_INVALID,
        "This network fetches files itself, and this installation has no public address.",
        field="media",
    )


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a connect form. `secret` values are never shown again or kept in the form."""

    name: str
    label: str
    kind: Literal["text", "secret", "host"] = "text"
    required: bool = True
    help: str = ""
    placeholder: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class MediaItem:
    """A file ready for this network; `read()` gives its bytes and may be called again.

    `part(start, length)` reads a piece without loading the whole file. `url()` is a public https
    address, good for an hour at least, for networks that fetch media themselves; it raises
    ProviderError(MEDIA_INVALID) where this installation cannot be reached from outside. `seconds`
    and `fps` are of videos. `cover` is the picture a video is shown with, `cover_ms` the moment it
    was taken from; `captions()` gives WebVTT where there are captions.
    """

    asset_id: str
    mime: str
    size: int
    width: int
    height: int
    alt_text: str
    read: Callable[[], bytes]
    seconds: float = 0.0
    fps: float = 0.0
    pages: int = 0
    name: str = ""
    url: Callable[[], str] = _no_address
    ranged: Callable[[int, int], bytes] | None = None
    cover: MediaItem | None = None
    cover_ms: int | None = None
    captions: Callable[[], bytes] | None = None
    captions_language: str = ""

    @property
    def kind(self) -> MediaKind:
        if self.mime == "image/gif":
            return "gif"
        major = self.mime.partition("/")[0]
        if major in ("image", "video"):
            return "image" if major == "image" else "video"
        return "document"

    @property
    def ratio(self) -> float:
        """Width by height; 0 where it has none."""
        return self.width / self.height if self.height else 0.0

    def part(self, start: int, length: int) -> bytes:
        if self.ranged is not None:
            return self.ranged(start, length)
        return self.read()[start : start + length]


@dataclass(frozen=True, slots=True)
class Poll:
    options: tuple[str, ...]
    minutes: int = 1440
    multiple: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """One further post of a thread."""

    text: str
    media: tuple[MediaItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What one intent sends: part 0 is the post, then its thread, then the first comment."""

    number: int
    role: Role
    content: Content


@dataclass(frozen=True, slots=True)
class Content:
    """What goes out. `options` holds the network's own choices, see Capabilities.options.

    `format` is a key of Capabilities.formats; empty lets the media decide. `link` is the address
    whose card is shown where it is not simply part of the text.
    """

    text: str
    media: tuple[MediaItem, ...] = ()
    language: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    format: str = ""
    title: str = ""
    link: str = ""
    poll: Poll | None = None
    thread: tuple[Piece, ...] = ()
    first_comment: str = ""

    def parts(self) -> tuple[Part, ...]:
        """The publication in the order it goes out; each part has an intent of its own."""
        bare = replace(self, thread=(), first_comment="")
        parts = [Part(0, "post", bare)]
        for piece in self.thread:
            more = replace(
                bare, text=piece.text, media=piece.media, format="", title="", link="", poll=None
            )
            parts.append(Part(len(parts), "thread", more))
        if self.first_comment:
            comment = replace(
                bare, text=self.first_comment, media=(), format="", title="", link="", poll=None
            )
            parts.append(Part(len(parts), "comment", comment))
        return tuple(parts)


@dataclass(frozen=True, slots=True)
class Account:
    """Who we publish as. `host` is the API's base address without a trailing slash.

    `limits` is what the network told us for this account or server: "text", "characters_per_url",
    "images", "image_bytes", "image_pixels", "alt", "mimes", "video_seconds", "video_bytes",
    "video_fps", "video_pixels", "video_mimes", "poll_options", "poll_option_text",
    "poll_min_minutes", "poll_max_minutes", and lists of `[value, label]` that options draw their
    choices from (see Option.choices_from).
    Missing keys fall back to the capability file.
    """

    remote_id: str
    handle: str
    name: str
    avatar_url: str = ""
    host: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connected:
    account: Account
    credentials: Credentials
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class App:
    """How Candy itself is known at a network: the installation's app or the workspace's own.

    `base` is the address of the simulated network where it is the sandbox's, else empty.
    """

    client_id: str
    client_secret: str = ""
    base: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotGranted:
    """A page or organisation that the person did not tick, or has no right to post as."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a consent gave: one account, or several to pick from."""

    accounts: tuple[Connected, ...]
    refused: tuple[NotGranted, ...] = ()


@dataclass(frozen=True, slots=True)
class OAuthStart:
    """Where to send the browser; `secrets` come back, unsealed, in `finish_oauth`."""

    authorize_url: str
    secrets: Credentials


@dataclass(frozen=True, slots=True)
class Count:
    used: int
    limit: int
    unit: str

    @property
    def left(self) -> int:
        return self.limit - self.used


@dataclass(frozen=True, slots=True)
class QuotaState:
    """A quota as the network tells it. `resets_at` is None where the window rolls."""

    used: int
    limit: int
    resets_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """A finding of `validate`: errors block publishing, warnings do not."""

    level: Literal["error", "warning"]
    code: str
    message: str
    field: str = "text"


@dataclass(frozen=True, slots=True)
class Done:
    """The stage is complete. `handles` repeats what the stage remembered."""

    handles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """Run the same stage again after `seconds`; it continues and never submits twice."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    remote_id: str
    permalink: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """The network was read and the post is not there: sending again is safe."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The network cannot be asked: a person decides."""

    reason: str = ""


@dataclass
class PublishContext:
    """One intent on its way out.

    `key` stays the same over every attempt of the intent. `handles` are the remote handles known so
    far; `remember` stores a new one through `save_handle` at once, before anything else happens.
    The one named "note" holds sentences for people (see `note`), shown with the publication.
    `started_at` is when the intent was first sent; `is_claimed(remote_id)` tells whether another
    intent of this account has adopted that remote post already.

    `role` tells the post from the further posts of its thread and from its first comment. For the
    last two `parent` holds the handles of the part before and `root` those of the post.
    """

    credentials: Credentials
    account: Account
    content: Content
    key: str
    handles: dict[str, str]
    save_handle: Callable[[str, str], None]
    client: GuardedClient
    started_at: datetime = field(default_factory=_now)
    is_claimed: Callable[[str], bool] = lambda remote_id: False
    role: Role = "post"
    root: Mapping[str, str] = field(default_factory=dict)
    parent: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in [name for name, value in self.handles.items() if not value]:
            del self.handles[name]  # forgotten in an earlier attempt

    def forget(self, *names: str) -> None:
        """Drop handles that are no longer good, say of a container that failed or expired."""
        for name in names:
            if self.handles.get(name):
                self.save_handle(name, "")
            self.handles.pop(name, None)

    def note(self, sentence: str) -> None:
        """Add a sentence for people to what is shown with the publication, once."""
        told = self.handles.get("note", "")
        if sentence not in told:
            self.remember("note", f"{told} {sentence}".strip())

    def remember(self, name: str, value: str) -> None:
        if self.handles.get(name) != value:
            self.save_handle(name, value)
            self.handles[name] = value
