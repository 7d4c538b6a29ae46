"""The outer structure of video files: whole, from the first byte to the last, and nothing behind it.

A demuxer shrugs at a file that was cut off or that something was appended to. We do not.
"""

from __future__ import annotations

from typing import IO

from apps.media.errors import TwoFilesInOne, VideoBroken, VideoNotTaken

_MOST_BOXES = 200_000  # a fragmented hour has some thousand
_KNOWN = frozenset((b"ftyp", b"moov", b"moof", b"mdat", b"free", b"skip", b"uuid", b"wide"))
_SEGMENT = 0x18538067
_PADDING = 1_000_000


def check_boxes(file: IO[bytes], size: int) -> None:
    """An MP4 or MOV: boxes that fill the file exactly, with ``moov`` and media among them."""
    seen: set[bytes] = set()
    place = number = 0
    while place < size:
        file.seek(place)
        head = file.read(16)
        length, kind, header = int.from_bytes(head[:4]), head[4:8], 8
        if length == 1:
            length, header = int.from_bytes(head[8:16]), 16
        elif length == 0 and kind != b"\0\0\0\0":
            length = size - place
        if len(head) < 8 or not _is_name(kind) or length < header:
            _check_padding(file, place, size)
            break
        if place + length > size:
            raise _cut_off() if kind in _KNOWN or b"moov" not in seen else _appended()
        seen.add(kind)
        place += length
        number += 1
        if number > _MOST_BOXES:
            raise VideoNotTaken("This video is in far too many pieces.", field="file")
    if b"moov" not in seen:
        raise _cut_off()
    if not seen & {b"mdat", b"moof"}:
        raise VideoBroken("This video has no pictures in it.", field="file")


def _is_name(kind: bytes) -> bool:
    return len(kind) == 4 and all(32 <= byte < 127 or byte == 0xA9 for byte in kind)


def _check_padding(file: IO[bytes], place: int, size: int) -> None:
    """Some cameras fill up with zeros. Anything else does not belong there."""
    file.seek(place)
    if size - place > _PADDING or any(file.read(_PADDING)):
        raise _appended()


def check_ebml(file: IO[bytes], size: int) -> None:
    """A Matroska or WebM file: one header, one segment that ends where the file does."""
    file.seek(4)
    length = _number(file, keep_marker=False)
    if length is None or length > 4096:
        raise VideoBroken("This video's header is damaged.", field="file")
    file.seek(length, 1)
    if _number(file, keep_marker=True) != _SEGMENT:
        raise VideoBroken("This video's header is damaged.", field="file")
    length = _number(file, keep_marker=False)
    if length is None:  # of unknown length: recorded live
        return
    end = file.tell() + length
    if end > size:
        raise _cut_off()
    if end < size:
        _check_padding(file, end, size)


def _number(file: IO[bytes], *, keep_marker: bool) -> int | None:
    """EBML's number of variable length; None where its value is unknown."""
    first = file.read(1)
    if not first or not first[0]:
        raise VideoBroken("This video's header is damaged.", field="file")
    length = 9 - first[0].bit_length()
    raw = first + file.read(length - 1)
    value = int.from_bytes(raw)
    if keep_marker:
        return value
    value &= (1 << (7 * length)) - 1
    return None if value == (1 << (7 * length)) - 1 else value


def _cut_off() -> VideoBroken:
    return VideoBroken(
        "This video was cut off: its end is missing. Export it again and retry.", field="file"
    )


def _appended() -> TwoFilesInOne:
    return TwoFilesInOne("Something was appended to this video. Export it again.", field="file")
