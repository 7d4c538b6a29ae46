"""A mail server that takes everything, and knows when."""

from __future__ import annotations

import email
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from deploy.local.valkey import free_port


@dataclass(frozen=True)
class Letter:
    """``at`` is time.monotonic() when the server took it."""

    at: float
    to: tuple[str, ...]
    subject: str
    body: str


@dataclass
class Mailbox:
    port: int
    letters: list[Letter] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, _class=EmailMessage, policy=default)
        plain = message.get_body(("plain",))
        text = plain.get_content() if plain is not None else ""
        subject = str(message["subject"])
        self.letters.append(Letter(time.monotonic(), tuple(envelope.rcpt_tos), subject, text))
        return "250 OK"

    def of(self, address: str) -> list[Letter]:
        return [one for one in self.letters if address in one.to]


@contextmanager
def running_mailbox() -> Iterator[Mailbox]:
    box = Mailbox(free_port())
    server = Controller(box, hostname="127.0.0.1", port=box.port)
    server.start()
    try:
        yield box
    finally:
        server.stop()
