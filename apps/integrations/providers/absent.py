"""What stands in for a network whose folder is not there, for the rows that still name it.

Accounts, channels, posts and receipts outlive a network. Their pages are drawn and their work comes
to rest: nothing is sent, a doubt is shown to a person, and all of it works again once the folder is back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NoReturn

from apps.integrations.http import GuardedClient

from .base import PublishProvider
from .capabilities import ApiVersion, Capabilities, ImageRules, PostFormat, Publishing, TextRules
from .errors import ErrorKind, ProviderError
from .types import (
    Account,
    Connected,
    Content,
    Credentials,
    Done,
    Issue,
    PublishContext,
    Unreadable,
    Wait,
)

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24" fill="none" '
    'stroke="currentColor" stroke-width="2" stroke-linecap="round"><circle cx="12" cy="12" r="9"/>'
    '<path d="M5.6 5.6l12.8 12.8"/></svg>'
)


class Absent(PublishProvider):
    """Answers every question about a network that is gone; what it cannot do, it says."""

    color = "#6b7280"
    connect_fields = ()
    stages = ("submit",)

    def __init__(self, key: str) -> None:
        # Both are of the class in networks that exist; here every one has its own.
        self.key = key  # type: ignore[misc]
        self.name = key.replace("_", " ").replace("-", " ").title()  # type: ignore[misc]
        self.icon = _ICON
        self.capabilities = _facts(key)

    def connect(self, values: Mapping[str, str], client: GuardedClient) -> Connected:
        self._refuse()

    def verify(self, credentials: Credentials, account: Account, client: GuardedClient) -> Account:
        self._refuse()

    def validate(self, content: Content, account: Account | None = None) -> list[Issue]:
        return [Issue("error", "network_gone", self.gone, field="channel")]

    def run_stage(self, stage: str, ctx: PublishContext) -> Done | Wait:
        self._refuse()

    def reconcile(self, ctx: PublishContext) -> Unreadable:
        return Unreadable(self.gone)

    def metrics(self, *args: Any, **details: Any) -> dict[str, dict[str, int]]:
        return {}

    def read_quota(self, *args: Any, **details: Any) -> None:
        return None

    def _refuse(self) -> NoReturn:
        raise ProviderError(ErrorKind.API_SUNSET, self.gone)


def _facts(key: str) -> Capabilities:
    """Nothing is known, so nothing is held against a text that somebody wrote before."""
    kinds: Collection[Any] = ("image", "gif", "video", "document")
    return Capabilities(
        provider=key,
        checked_on=date.min,
        sources=(),
        api=ApiVersion(version=""),
        text=TextRules(limit=100_000, unit="characters", counting="characters"),
        images=ImageRules(max_count=100, max_bytes=10**9, mimes=("image/jpeg", "image/png")),
        formats=(
            PostFormat(key="any", label="Post", takes=tuple(kinds), max_media=100, mixed=True),
        ),
        publishing=Publishing(promise="write_only", settle_seconds=0, reconcile_seconds=60),
        metrics=(),
    )
