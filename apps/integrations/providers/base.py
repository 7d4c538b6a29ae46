"""The publishing contract: everything Candy asks of a network, and nothing else.

A provider is stateless. It gets credentials and a guarded client with every call and never touches
the database, so one adapter serves all workspaces and every test.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import cached_property
from inspect import getfile
from pathlib import Path
from typing import ClassVar

from apps.integrations.http import GuardedClient

from . import checks, counting
from .capabilities import Capabilities
from .errors import ErrorKind, ProviderError
from .text import links
from .types import (
    Account,
    App,
    Connected,
    Content,
    Count,
    Credentials,
    Done,
    Field,
    Found,
    Grant,
    Issue,
    MediaItem,
    MediaKind,
    NotFound,
    NotGranted,
    OAuthStart,
    Part,
    Piece,
    Poll,
    PublishContext,
    QuotaState,
    Role,
    Unreadable,
    Wait,
)

__all__ = [
    "Account",
    "App",
    "Capabilities",
    "Connected",
    "Content",
    "Count",
    "Credentials",
    "Done",
    "ErrorKind",
    "Field",
    "Found",
    "Grant",
    "Issue",
    "MediaItem",
    "MediaKind",
    "NotFound",
    "NotGranted",
    "OAuthStart",
    "Part",
    "Piece",
    "Poll",
    "ProviderError",
    "PublishContext",
    "PublishProvider",
    "QuotaState",
    "Role",
    "Unreadable",
    "Wait",
]


class PublishProvider(ABC):
    """A network that can publish. One instance for the process, safe to share between threads."""

    key: ClassVar[str]
    name: ClassVar[str]
    color: ClassVar[str]  # of the network's icon only
    connect_fields: ClassVar[tuple[Field, ...]]
    oauth_fields: ClassVar[tuple[Field, ...]] = ()  # asked before the redirect
    oauth: ClassVar[bool] = False
    # What an operator or a workspace has to bring to be known there; empty: nothing is needed.
    app_fields: ClassVar[tuple[Field, ...]] = ()
    # What Candy asks for when it registers itself at the server that people name; empty: it does not.
    app_scopes: ClassVar[str] = ""
    # The word for it in the redirect address, for networks that refuse their own name in there.
    callback: ClassVar[str] = ""
    # The network's addresses by purpose; "api" is what Account.host is. Empty: people type a host.
    hosts: ClassVar[Mapping[str, str]] = {}
    stages: ClassVar[tuple[str, ...]] = ("upload", "submit")
    mutating_stages: ClassVar[frozenset[str]] = frozenset({"submit"})

    @property
    def gone(self) -> str:
        """What to say of it where its folder was deleted, see `absent`."""
        return f"{self.name} is not part of this installation any more."

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

    def address(self, purpose: str, host: str = "") -> str:
        """The base address for `purpose`, at the real network or at its simulator on `host`.

        A simulator mounts each purpose under a path of that name: `<host>/upload/…`.
        """
        if host in ("", self.hosts["api"]):
            return self.hosts[purpose]
        return f"{host}/{purpose}"

    def stages_for(self, content: Content, role: Role = "post") -> tuple[str, ...]:
        """The stages that this content goes through, in order; a stage's name means one thing."""
        return self.stages

    def price(self, content: Content) -> Decimal:
        """What the network charges Candy's app for this publication, in US dollars."""
        linked = any(links(content.text)) or bool(content.link)
        described = sum(1 for item in content.media if item.alt_text)
        times = {
            "post": 0 if linked and self._prices("post_with_link") else 1,
            "post_with_link": int(linked),
            "alt_text": described,
        }
        return sum(
            (Decimal(str(one.usd)) * times[one.when] for one in self.capabilities.prices),
            Decimal(0),
        )

    def _prices(self, when: str) -> bool:
        return any(one.when == when for one in self.capabilities.prices)

    @property
    def settle_seconds(self) -> float:
        """How long a silent call may still arrive; reconcile waits that long first."""
        return self.capabilities.publishing.settle_seconds

    @abstractmethod
    def connect(self, values: Mapping[str, str], client: GuardedClient) -> Connected:
        """Trade the connect form for credentials. Raises ProviderError with `field` set."""

    def server_of(self, values: Mapping[str, str]) -> str:
        """The address of the server that the connect form names. Raises ProviderError with `field`."""
        raise NotImplementedError(f"{self.key} has one server")

    def register_app(self, server: str, *, redirect_uri: str, client: GuardedClient) -> App:
        """Make Candy known at `server`. Raises ProviderError with `field`."""
        raise NotImplementedError(f"{self.key} registers no apps")

    def knows_app(self, server: str, app: App, client: GuardedClient) -> bool:
        """Whether `server` still knows `app`. Raises ProviderError where it does not answer."""
        raise NotImplementedError(f"{self.key} registers no apps")

    def start_oauth(
        self,
        values: Mapping[str, str],
        *,
        app: App,
        redirect_uri: str,
        state: str,
        client: GuardedClient,
    ) -> OAuthStart:
        raise NotImplementedError(f"{self.key} has no redirect flow")

    def finish_oauth(
        self,
        secrets: Credentials,
        *,
        app: App,
        code: str,
        redirect_uri: str,
        client: GuardedClient,
    ) -> Grant:
        """Trade the code for credentials. Several accounts are offered to the person to pick."""
        raise NotImplementedError(f"{self.key} has no redirect flow")

    @abstractmethod
    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        """Read the account and its limits again. Raises ProviderError when access is lost."""

    def refresh(
        self, credentials: Credentials, client: GuardedClient, *, app: App, host: str
    ) -> Connected | None:
        """New credentials, or None where tokens do not expire. `host` is the account's.

        Only `credentials`, `scopes` and `expires_at` of the answer count. A provider whose answer
        lacks a refresh token keeps the old one.
        """
        return None

    def endpoint_of(self, method: str, url: str) -> str:
        """The group of calls that this one counts for, a RateRule's `endpoint`."""
        return "all"

    def read_quota(
        self, credentials: Credentials, account: Account, client: GuardedClient
    ) -> Mapping[str, QuotaState] | None:
        """What the network says is used, by QuotaRule name; None where it does not tell.

        `account` is as `verify` has just read it: a provider that puts "quotas" into its limits
        ({name: {"used": …, "limit": …}}) needs no more.
        """
        told = account.limits.get("quotas")
        if not isinstance(told, Mapping):
            return None
        return {name: QuotaState(int(one["used"]), int(one["limit"])) for name, one in told.items()}

    def count(self, text: str, account: Account | None = None) -> Count:
        """Length by the network's own rule, as its capability file names it. Pure."""
        rules, limits = self.capabilities.text, account.limits if account else {}
        per_url = limits.get("characters_per_url") or rules.characters_per_url
        used = counting.measure(rules.counting, text, per_url)
        return Count(used, int(limits.get("text") or rules.limit), rules.unit)

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        """Everything that would make the network refuse this content. Pure.

        The capability file knows most of it; a network adds what only it has.
        """
        return checks.findings(self, content, account)

    def rights(self, content: Content, account: Account | None = None) -> tuple[str, ...]:
        """The scopes that sending all of `content` takes, as Access.scopes writes them. Pure."""
        needed, parts = self.capabilities.access.scopes, content.parts()
        wanted = [one for part in parts for one in needed.get(part.role, ())]
        if any(part.content.media for part in parts):
            wanted += needed.get("media", ())
        return tuple(dict.fromkeys(wanted))

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
