"""From the first bytes of a file to its type. Names and declared types are not asked."""

from __future__ import annotations

from apps.media.errors import FileEmpty, TypeNotTaken, VideoNotTaken
from apps.media.types import MKV, MOV, MP4, PDF, WEBM

HEAD = 4096  # bytes that are enough to tell
ZIP, CFB = "zip", "cfb"  # containers of office files; looking inside tells which

_PHOTO_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
_SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_PLAYLISTS = (b"#extm3u", b"ffconcat", b"file ", b"[playlist]", b"<smil", b"#ffconcat", b"stream ")
_MARKUP = (b"<svg", b"<?xml", b"<!doctype", b"<html", b"<script", b"<!--")


def sniff(head: bytes) -> str:
    """The MIME type of what begins with ``head``, or ``ZIP`` or ``CFB``.

    Raises FileEmpty, TypeNotTaken and VideoNotTaken, with what to do instead where there is something.
    """
    if not head:
        raise FileEmpty("This file is empty.", field="file")
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return ZIP
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return CFB
    if head[4:8] == b"ftyp":
        return _by_brand(head[8:12])
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return WEBM if b"webm" in head[:64] else MKV
    raise _refused(head)


def _by_brand(brand: bytes) -> str:
    if brand in _PHOTO_BRANDS:
        raise TypeNotTaken(
            "HEIC and AVIF photos are not taken. Export this one as JPEG.", field="file"
        )
    if brand in _SOUND_BRANDS:
        raise TypeNotTaken("Sound without a picture is not taken.", field="file")
    return MOV if brand == b"qt  " else MP4


def _refused(head: bytes) -> TypeNotTaken | VideoNotTaken:
    text = head.lstrip(b"\xef\xbb\xbf\x00 \t\r\n")[:64].lower()
    if text.startswith(_MARKUP):
        return TypeNotTaken(
            "SVG and HTML are programs, not pictures. Export a PNG instead.", field="file"
        )
    if text.startswith(_PLAYLISTS):
        return VideoNotTaken(
            "This is a playlist that points to other files, not a video.", field="file"
        )
    return TypeNotTaken(
        "This is not an image (JPEG, PNG, WebP, GIF), a video (MP4, MOV, WebM, MKV) or a document "
        "(PDF, Word, PowerPoint), whatever its name says.",
        field="file",
    )
