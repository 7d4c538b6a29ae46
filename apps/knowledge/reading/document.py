"""One door for every format: bytes and what is known about them in, a `Reading` out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import regex

from apps.knowledge.reading import formats
from apps.knowledge.reading.errors import (
    DocumentEmpty,
    DocumentTooLarge,
    FormatUnsupported,
)
from apps.knowledge.reading.language import detect

MAX_BYTES = 10_000_000
MAX_CHARS = 1_000_000
_WORD = regex.compile(r"[\p{L}\p{N}]+(?:['’\-][\p{L}\p{N}]+)*")

_BY_SUFFIX = {
    ".html": "html", ".htm": "html", ".xhtml": "html",
    ".md": "markdown", ".markdown": "markdown", ".mdx": "markdown",
    ".txt": "text", ".text": "text", ".rst": "text",
    ".pdf": "pdf", ".docx": "docx",
}  # fmt: skip
_BY_MIME = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "text/plain": "text",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}
SUFFIXES = frozenset(_BY_SUFFIX)


@dataclass(frozen=True)
class Reading:
    """What a document says. `text` has one paragraph, heading or list item a line; items keep a mark
    (`• `, `- `, `1. `) in front.
    """

    kind: str
    title: str
    text: str
    language: str | None
    words: int
    encoding: str = ""
    notes: tuple[str, ...] = field(default=())
    links: tuple[str, ...] = field(default=(), repr=False)


def kind_of(*, name: str = "", mime: str = "") -> str | None:
    """html, markdown, text, pdf or docx by the declared type, then by the name; None for others."""
    by_mime = _BY_MIME.get(mime.split(";")[0].strip().casefold())
    by_name = _BY_SUFFIX.get(PurePosixPath(name).suffix.casefold())
    # Servers and browsers send Markdown as plain text; the name knows better.
    return by_name if by_mime in (None, "text") and by_name else by_mime


def read(
    data: bytes,
    *,
    name: str = "",
    mime: str = "",
    charset: str | None = None,
    url: str = "",
    max_bytes: int = MAX_BYTES,
) -> Reading:
    """Readable text of `data`. `charset` is what the sender declared; it may lie.

    Raises a `ReadingError`: too large, unsupported format, binary, locked, broken, or no words.
    """
    if len(data) > max_bytes:
        raise DocumentTooLarge(
            f"The document is {_megabytes(len(data))}; at most {_megabytes(max_bytes)} are read."
        )
    if not data.strip():
        raise DocumentEmpty("The document is empty.")
    kind = kind_of(name=name, mime=mime)
    if kind is None:
        raise FormatUnsupported(
            "This format is not supported. Use a web page, Markdown, plain text, PDF or Word (docx)."
        )
    parsed = _READERS[kind](data, charset, url)
    text = tidy(parsed.text)[:MAX_CHARS]
    words = len(_WORD.findall(text))
    if not words:
        raise DocumentEmpty(parsed.empty_message)
    return Reading(
        kind=kind,
        title=(tidy(parsed.title) or _title_from(name, text)).replace("\n", " ")[:300],
        text=text,
        language=detect(text) or parsed.language,
        words=words,
        encoding=parsed.encoding,
        notes=tuple(parsed.notes),
        links=tuple(parsed.links),
    )


def tidy(text: str) -> str:
    """Even out white space: single spaces, no blank lines, no invisible characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").replace("\xad", "")
    text = re.sub("[\u200b\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text)
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _title_from(name: str, text: str) -> str:
    stem = PurePosixPath(name).stem
    if stem:
        return re.sub(r"[-_]+", " ", stem).strip().capitalize()
    return text.split("\n", 1)[0][:120]


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"


_READERS: dict[str, Callable[[bytes, str | None, str], formats.Parsed]] = {
    "html": formats.from_html,
    "markdown": formats.from_markdown,
    "text": formats.from_text,
    "pdf": formats.from_pdf,
    "docx": formats.from_docx,
}
