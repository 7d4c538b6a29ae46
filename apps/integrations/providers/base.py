"""The publishing contract: everything Candy asks of a network, and nothing else.

A provider is stateless. It gets credentials and a guarded client with every call and never touches
the database, so one adapter serves all workspaces and every test.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from inspect import getfile
from pathlib import Path
from typing import Any, ClassVar, Literal

from apps.integrations.http import GuardedClient

from .capabilities import Capabilities
from .errors import ErrorKind, ProviderError

__all__ = [
    "Account",
    "Capabilities",
    "Connected",
    "Content",
    "Count",
    "Done",
    "ErrorKind",
    "Field",
    "Found",
    "Issue",
    "MediaItem",
    "NotFound",
    "OAuthStart",
    "ProviderError",
    "PublishContext",
    "PublishProvider",
    "Unreadable",
    "Wait",
]

Credentials = dict[str, str]


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
    """An image ready for this network; `read()` gives its bytes and may be called again."""

    asset_id: str
    mime: str
    size: int
    width: int
    height: int
    alt_text: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Content:
    """What goes out. `options` holds the network's own choices, see Capabilities.options."""

    text: str
    media: tuple[MediaItem, ...] = ()
    language: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """Who we publish as. `host` is the API's base address without a trailing slash.

    `limits` is what the network told us for this account or server: "text", "characters_per_url",
    "images", "image_bytes", "image_pixels", "alt", "mimes". Missing keys fall back to the
    capability file.
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


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class PublishContext:
    """One intent on its way out.

    `key` stays the same over every attempt of the intent. `handles` are the remote handles known so
    far; `remember` stores a new one through `save_handle` at once, before anything else happens.
    `started_at` is when the intent was first sent; `is_claimed(remote_id)` tells whether another
    intent of this account has adopted that remote post already.
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

    def remember(self, name: str, value: str) -> None:
        if self.handles.get(name) != value:
            self.save_handle(name, value)
            self.handles[name] = value


class PublishProvider(ABC):
    """A network that can publish. One instance for the process, safe to share between threads."""

    key: ClassVar[str]
    name: ClassVar[str]
    color: ClassVar[str]  # of the network's icon only
    connect_fields: ClassVar[tuple[Field, ...]]
    oauth_fields: ClassVar[tuple[Field, ...]] = ()  # asked before the redirect
    oauth: ClassVar[bool] = False
    stages: ClassVar[tuple[str, ...]] = ("upload", "submit")
    mutating_stages: ClassVar[frozenset[str]] = frozenset({"submit"})

    @cached_property
    def folder(self) -> Path:
        return Path(getfile(type(self))).parent

    @cached_property
    def capabilities(self) -> Capabilities:
        return Capabilities.load(self.folder / "capability.json")

    @cached_property
    def icon(self) -> str:
        """The network's mark as SVG source."""
        return (self.folder / "icon.svg").read_text(encoding="utf-8")

    @property
    def settle_seconds(self) -> float:
        """How long a silent call may still arrive; reconcile waits that long first."""
        return self.capabilities.publishing.settle_seconds

    @abstractmethod
    def connect(self, values: Mapping[str, str], client: GuardedClient) -> Connected:
        """Trade the connect form for credentials. Raises ProviderError with `field` set."""

    def start_oauth(
        self, values: Mapping[str, str], *, redirect_uri: str, state: str, client: GuardedClient
    ) -> OAuthStart:
        raise NotImplementedError(f"{self.key} has no redirect flow")

    def finish_oauth(
        self, secrets: Credentials, *, code: str, redirect_uri: str, client: GuardedClient
    ) -> Connected:
        raise NotImplementedError(f"{self.key} has no redirect flow")

    @abstractmethod
    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        """Read the account and its limits again. Raises ProviderError when access is lost."""

    def refresh(self, credentials: Credentials, client: GuardedClient) -> Connected | None:
        """New credentials, or None where tokens do not expire.

        Only `credentials`, `scopes` and `expires_at` of the answer count. A provider whose answer
        lacks a refresh token keeps the old one.
        """
        return None

    @abstractmethod
    def count(self, text: str, account: Account | None = None) -> Count:
        """Length by the network's own rule. Pure."""

    @abstractmethod
    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        """Everything that would make the network refuse this content. Pure."""

    @abstractmethod
    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        """Run one of `stages`; may be called again after any failure and continues.

        After the last stage `ctx.handles` holds "remote_id" and "permalink". Raises ProviderError;
        in `mutating_stages` a lost answer is AMBIGUOUS.
        """

    @abstractmethod
    def reconcile(self, ctx: PublishContext) -> Found | NotFound | Unreadable:
        """Ask the network whether the intent went out. Reads only."""

    @abstractmethod
    def metrics(
        self,
        credentials: Credentials,
        account: Account,
        remote_ids: Collection[str],
        client: GuardedClient,
    ) -> dict[str, dict[str, int]]:
        """Counters by remote id, in Candy's metric names. A post that is gone is left out."""
