"""Bytes to text, when the label on the bytes may be missing or wrong.

Order of trust: byte order mark, valid UTF-8, the declared charset, the page's own meta tag,
statistical detection. UTF-8 goes before the declaration because text in another encoding is
almost never valid UTF-8 by accident, while wrong declarations are common.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

from apps.knowledge.reading.errors import BinaryContent, DocumentEmpty

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"RIFF": "a media file",
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"ID3": "an audio file",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"7z\xbc\xaf": "an archive",
    b"Rar!": "an archive",
}
_META = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
# Control characters that no text carries; tab, newline, form feed and escape do occur.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_MAX_CONTROL_SHARE = 0.005
_MAX_UNDECODED_SHARE = 0.02
# UTF-8 read as Windows-1252 and stored again: one lead character and its trailing ones.
_MOJIBAKE = re.compile(
    "[\u00c2-\u00f4]"
    "[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    "\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]{1,3}"
)


@dataclass(frozen=True)
class Decoded:
    text: str
    encoding: str
    repaired: bool


def decode(data: bytes, *, declared: str | None = None) -> Decoded:
    """Text of `data`. Raises `BinaryContent` when it is not text and `DocumentEmpty` for none."""
    if not data.strip():
        raise DocumentEmpty("The document is empty.")
    bom = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    if bom is None:
        refuse_binary(data)
    text, encoding = _decode(data, bom, declared)
    _refuse_garbage(text)
    fixed = repair_mojibake(text)
    return Decoded(fixed, encoding, repaired=fixed != text)


def refuse_binary(data: bytes) -> None:
    """Raise `BinaryContent` when the first bytes belong to a known binary format or hold NULs."""
    for magic, name in _MAGIC.items():
        # Two letters also start ordinary words ("MZ Wallace"), so those need a NUL as well.
        if data.startswith(magic) and (len(magic) > 2 or b"\x00" in data[:1024]):
            raise BinaryContent(f"This is {name}, not text. Nothing was read from it.")
    if b"\x00" in data[:65536]:
        raise BinaryContent("This is a binary file, not text. Nothing was read from it.")


def _decode(data: bytes, bom: str | None, declared: str | None) -> tuple[str, str]:
    meta = _META.search(data[:4096])
    for name in (
        bom,
        "utf-8",
        declared,
        meta.group(1).decode("ascii") if meta else None,
    ):
        if name is None or (name == declared and not _is_codec(name)):
            continue
        try:
            return data.decode(_as_browsers_read(name)), codecs.lookup(name).name
        except (UnicodeDecodeError, LookupError):
            continue
    best = from_bytes(data[:262_144]).best()
    if best is not None:
        return data.decode(best.encoding, errors="replace"), best.encoding
    return data.decode("utf-8", errors="replace"), "utf-8"


def _is_codec(name: str) -> bool:
    try:
        return codecs.lookup(name) is not None
    except LookupError:
        return False


def _as_browsers_read(name: str) -> str:
    """Pages that declare Latin-1 or ASCII mean Windows-1252; browsers have read them so for ages."""
    try:
        canonical = codecs.lookup(name).name
    except LookupError:
        return name
    return "cp1252" if canonical in {"iso8859-1", "ascii"} else canonical


def _refuse_garbage(text: str) -> None:
    sample = text[:200_000]
    if not sample.strip("\ufeff \r\n\t"):
        raise DocumentEmpty("The document is empty.")
    if len(_CONTROL.findall(sample)) > max(2, len(sample) * _MAX_CONTROL_SHARE):
        raise BinaryContent("This is a binary file, not text. Nothing was read from it.")
    if sample.count("\ufffd") > max(2, len(sample) * _MAX_UNDECODED_SHARE):
        raise BinaryContent(
            "The text's encoding could not be told. Save it as UTF-8 and try again."
        )


def repair_mojibake(text: str) -> str:
    """Undo UTF-8 that was once read as Windows-1252 ("itâ€™s" becomes "it’s"); else unchanged."""

    def undo(match: re.Match[str]) -> str:
        raw = bytearray()
        for char in match.group():
            try:
                raw += char.encode("cp1252")
            except UnicodeEncodeError:
                # The five bytes that cp1252 leaves undefined pass through as C1 controls.
                if ord(char) > 0xFF:
                    return match.group()
                raw.append(ord(char))
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return match.group()

    return _MOJIBAKE.sub(undo, text)
