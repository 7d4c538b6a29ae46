"""Identifiers of rows that people and programs see."""

from __future__ import annotations

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    """A UUID that sorts by creation time (RFC 9562, version 7): new rows land at an index's end."""
    value = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10))
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)


def parse_id(text: str) -> uuid.UUID | None:
    """`text` as an identifier, None where it is none: for what stands in addresses and forms."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
