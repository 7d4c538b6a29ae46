"""Files that are two things at once. What leaves is written anew, but who sends one means no good."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import IO

from apps.media.errors import TwoFilesInOne

_TAIL = 65_557  # the furthest from the end at which a ZIP's directory may be announced
_PROGRAM = re.compile(
    rb"<script|<!doctype|<html[\s>]|<iframe|<\?php|<body[\s>]|javascript:|\*/\s*=|#!/bin/", re.I
)
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def check_image(data: bytes, mime: str) -> None:
    """Raise TwoFilesInOne where an image is a ZIP, a PDF or a page or script too.

    Only what decoders skip is searched (metadata and what follows the picture): compressed pixels
    contain every short word sooner or later.
    """
    if b"%PDF-" in data[:1024]:
        raise _refused("a PDF")
    if has_zip_directory(data[-_TAIL:]):
        raise _refused("a ZIP archive")
    if mime == "image/gif" and data[6:8] == b"/*":
        raise _refused("a script")
    for part in _SKIPPED[mime](data):
        if _PROGRAM.search(part):
            raise _refused("a web page or a script")


def check_ends(file: IO[bytes], size: int, *, is_zip: bool = False) -> None:
    """The same for files that are not images: what they begin and end with."""
    file.seek(0)
    head = file.read(1024)
    if _PROGRAM.search(head):
        raise _refused("a web page or a script")
    if not is_zip:
        file.seek(max(0, size - _TAIL))
        if has_zip_directory(file.read(_TAIL)):
            raise _refused("a ZIP archive")
    file.seek(0)


def has_zip_directory(tail: bytes) -> bool:
    """Whether a reader that looks for an archive at the end of a file finds one."""
    place = tail.rfind(b"PK\x05\x06")
    while place >= 0:
        record = tail[place : place + 22]
        if len(record) == 22:
            disk, _, here, entries, length, _, comment = struct.unpack("<4HIIH", record[4:])
            fits = len(tail) - place - 22 >= comment
            if disk == 0 and here == entries > 0 and length >= 46 and fits:
                return True
        place = tail.rfind(b"PK\x05\x06", 0, place)
    return False


def _refused(other: str) -> TwoFilesInOne:
    return TwoFilesInOne(
        f"This file is {other} as well as what it looks like. Export it again.", field="file"
    )


def _beside_jpeg(data: bytes) -> Iterator[bytes]:
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            break
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker == 0xD9:
            place += 2
            break
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
        if marker == 0xFE or 0xE0 <= marker <= 0xEF:
            yield data[place + 4 : end]
        place = end
        if marker == 0xDA:  # pixels follow, up to the next marker that is not part of them
            found = _END_OF_SCAN.search(data, place)
            place = found.start() if found else len(data)
    yield data[place:]


def _beside_png(data: bytes) -> Iterator[bytes]:
    place = 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4])
        kind = data[place + 4 : place + 8]
        if kind not in (b"IDAT", b"fdAT"):
            yield data[place + 8 : place + 8 + length]
        place += 12 + length
        if kind == b"IEND":
            break
    yield data[place:]


def _beside_gif(data: bytes) -> Iterator[bytes]:
    def table(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    def blocks(place: int) -> int:
        while place < len(data) and data[place]:
            place += data[place] + 1
        return place + 1

    place = 13 + table(data[10]) if len(data) > 13 else len(data)
    while place < len(data):
        if data[place] == 0x21:
            end = blocks(place + 2)
            yield data[place + 2 : end]
        elif data[place] == 0x2C and place + 10 <= len(data):
            end = blocks(place + 10 + table(data[place + 9]) + 1)
        else:
            place += data[place] == 0x3B
            break
        place = end
    yield data[place:]


def _beside_webp(data: bytes) -> Iterator[bytes]:
    end = 8 + int.from_bytes(data[4:8], "little")
    place = 12
    while place + 8 <= min(end, len(data)):
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        if data[place : place + 4] not in (b"VP8 ", b"VP8L", b"ANMF", b"ALPH"):
            yield data[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
    yield data[end:]


_SKIPPED: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "image/jpeg": _beside_jpeg,
    "image/png": _beside_png,
    "image/gif": _beside_gif,
    "image/webp": _beside_webp,
}
