"""Publishing through an adapter as the engine does it: part by part, stage by stage."""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.integrations.http import GuardedClient
from apps.integrations.providers.base import (
    Connected,
    Content,
    Done,
    MediaItem,
    Part,
    PublishContext,
    PublishProvider,
)

MP4 = bytes.fromhex("0000001866747970") + b"isom\0\0\2\0isomiso2" + b"\0\0\0\x08free"


def png(number: int = 0, side: int = 1) -> bytes:
    """A small real picture, different for each number."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    row = b"\0" + bytes((number % 256, 80, 120)) * side
    body = zlib.compress(row * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def image(number: int = 0, **more: Any) -> MediaItem:
    data = png(number)
    values = {"asset_id": f"i{number}", "mime": "image/png", "width": 1, "height": 1}
    values |= {"alt_text": f"A picture, {number}"} | more
    return MediaItem(read=lambda: data, **{"size": len(data), **values})


def video(number: int = 0, **more: Any) -> MediaItem:
    data = MP4 + bytes((number,))
    values: dict[str, Any] = {"asset_id": f"v{number}", "mime": "video/mp4", "seconds": 5.0}
    values |= {"width": 640, "height": 360, "fps": 30.0, "alt_text": f"A film, {number}"} | more
    return MediaItem(read=lambda: data, **{"size": len(data), **values})


def document(number: int = 0, **more: Any) -> MediaItem:
    data = b"%PDF-1.7\n" + bytes((number,))
    values: dict[str, Any] = {"asset_id": f"d{number}", "mime": "application/pdf", "pages": 1}
    values |= {"width": 0, "height": 0, "alt_text": "", "name": f"report-{number}.pdf"} | more
    return MediaItem(read=lambda: data, **{"size": len(data), **values})


@dataclass
class Sent:
    """One part's intent: its key and what was stored for it."""

    part: Part
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    handles: dict[str, str] = field(default_factory=dict)


@dataclass
class Publication:
    """`settle` is called before a stage runs again after Wait."""

    provider: PublishProvider
    connected: Connected
    client: GuardedClient
    content: Content
    settle: Callable[[float], None] = lambda seconds: None
    sent: list[Sent] = field(default_factory=list)
    is_claimed: Callable[[str], bool] = lambda remote_id: False

    def __post_init__(self) -> None:
        self.sent = self.sent or [Sent(part) for part in self.content.parts()]

    def context(self, number: int = 0, **more: Any) -> PublishContext:
        one = self.sent[number]
        root: Mapping[str, str] = self.sent[0].handles if number else {}
        parent: Mapping[str, str] = self.sent[number - 1].handles if number else {}
        return PublishContext(
            credentials=self.connected.credentials,
            account=self.connected.account,
            content=one.part.content,
            key=one.key,
            handles=dict(one.handles),
            save_handle=one.handles.__setitem__,
            client=self.client,
            role=one.part.role,
            root=root,
            parent=parent,
            is_claimed=self.is_claimed,
            **more,
        )

    def run(self, number: int = 0, *, stages: tuple[str, ...] | None = None) -> dict[str, str]:
        """Every stage of a part, or these; returns its handles."""
        ctx = self.context(number)
        for stage in stages or self.provider.stages_for(ctx.content, ctx.role):
            for _ in range(30):
                step = self.provider.run_stage(stage, ctx)
                if isinstance(step, Done):
                    break
                self.settle(step.seconds)
            else:
                raise AssertionError(f"{stage} never ends")
        return ctx.handles

    def run_all(self) -> list[dict[str, str]]:
        return [self.run(number) for number in range(len(self.sent))]
