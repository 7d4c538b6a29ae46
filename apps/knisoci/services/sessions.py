"""Talking to a network for one target: credentials, a client that writes the receipt, content."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.errors import ConnectionLost
from apps.integrations.http import Exchange
from apps.integrations.providers.base import (
    Content,
    ErrorKind,
    Part,
    ProviderError,
    PublishContext,
    PublishProvider,
)
from apps.integrations.services import connections
from apps.knisoci import content
from apps.knisoci.models import Attempt, Target
from apps.knisoci.services import holding, ledger

LOOK_EVERY = 2.0  # seconds between two looks at whether publishing was stopped


class Stopped(Exception):
    """Publishing was stopped while a stage was uploading; nothing of it can be public."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Recorder:
    """Writes each call on the receipt, under the stage that makes it.

    In a stage that publishes nothing it also looks between two calls whether somebody has pulled the
    brake, so that a long upload ends within seconds.
    """

    attempt: Attempt
    stage: str
    watched: Target | None = None
    looked_at: float = 0.0

    def watch(self, stage: str, target: Target | None) -> None:
        """`stage` begins; raise Stopped from its calls when `target` may not go out any more."""
        self.stage, self.watched, self.looked_at = stage, target, time.monotonic()

    def __call__(self, exchange: Exchange) -> None:
        ledger.record(self.attempt, exchange, stage=self.stage)
        now = time.monotonic()
        if self.watched is None or now - self.looked_at < LOOK_EVERY:
            return
        self.looked_at = now
        if (reason := holding.stopped(self.watched)) is not None:
            raise Stopped(reason)


@dataclass
class Session:
    """`context` is what the provider gets; `recorder.stage` names the receipt's lines."""

    provider: PublishProvider
    target: Target
    attempt: Attempt
    part: Part
    context: PublishContext
    recorder: Recorder

    def try_refresh(self) -> ProviderError | None:
        """Renew the tokens, once for all workers; returns why it could not be done."""
        try:
            self.context.credentials = connections.renew(
                connection=self.target.channel.connection,
                stale=self.context.credentials,
                client=self.context.client,
            )
        except ConnectionLost as error:
            return ProviderError(ErrorKind.AUTH_REVOKED, error.message)
        except ProviderError as error:
            return error
        return None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.client.close()


def open_session(
    target: Target, attempt: Attempt, *, ready: Content | None = None, stage: str = "connect"
) -> Session:
    """`ready` saves building the content again. Needs `target.channel.connection` loaded.

    Raises ConnectionLost where a person has to connect again, ProviderError where a token could not
    be renewed for now. Outside transactions.
    """
    connection = target.channel.connection
    recorder = Recorder(attempt, stage)
    whole = ready or content.build(target.variant, target.channel, wanted="insist")
    part = whole.parts()[attempt.part]
    root, parent = ledger.came_before(target, part.number) if part.number else ({}, {})
    opened = connections.session(
        connection,
        record=recorder,
        timeout=settings.CANDY_PUBLISH_TIMEOUT,
    )
    context = PublishContext(
        credentials=opened.credentials,
        account=opened.account,
        content=part.content,
        key=str(attempt.key),
        handles=dict(attempt.handles),
        save_handle=partial(ledger.remember, attempt),
        client=opened.client,
        started_at=attempt.sent_at or timezone.now(),
        is_claimed=partial(ledger.is_claimed, attempt),
        role=part.role,
        root=root,
        parent=parent,
    )
    return Session(
        provider=providers.of_row(connection.provider),
        target=target,
        attempt=attempt,
        part=part,
        context=context,
        recorder=recorder,
    )
