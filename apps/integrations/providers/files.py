"""Files on their way out: read piece by piece, so that a long video is never held whole."""

from __future__ import annotations

import io
from typing import IO

from .types import MediaItem

_WINDOW = 4_000_000  # bytes that are read from the storage at once


def opened(item: MediaItem) -> IO[bytes]:
    """The file as the outbound client takes it, as a body or as a part of a form."""
    if item.ranged is None:
        return io.BytesIO(item.read())
    return io.BufferedReader(_Ranged(item), _WINDOW)


def length_of(file: IO[bytes]) -> int:
    """How many bytes it has; leaves it at its beginning."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return size


class _Ranged(io.RawIOBase):
    """A stored file that is asked for ranges."""

    def __init__(self, item: MediaItem) -> None:
        self._item, self._at = item, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._item.size}[whence]
        self._at = start + offset
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._item.size - self._at)
        data = self._item.part(self._at, wanted) if wanted > 0 else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
