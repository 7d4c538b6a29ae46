"""One reader for each format. Each takes bytes, the declared charset and the address.

The libraries of PDF, Word and web pages are imported where they are used: together they cost every
process of the installation a second at its start, and few ever read a document.
"""

from __future__ import annotations

import copy
import io
import logging
import re
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import lxml.html
from lxml import etree
from markdown_it import MarkdownIt

from apps.knowledge.reading.charset import decode
from apps.knowledge.reading.errors import (
    BinaryContent,
    DocumentEmpty,
    DocumentLocked,
    DocumentTooLarge,
    DocumentUnreadable,
)
from apps.knowledge.reading.language import normalise_tag

if TYPE_CHECKING:
    from docx.text.paragraph import Paragraph
    from markdown_it.token import Token

# Both warn about every oddity of somebody else's file; here only the result counts.
for _noisy in ("pypdf", "trafilatura"):
    logging.getLogger(_noisy).setLevel(logging.CRITICAL)

MAX_PDF_PAGES = 300
# A docx is a zip: what it unpacks to is capped, whatever its directory claims.
MAX_DOCX_UNPACKED = 60_000_000
_THIN_WORDS = 25
_DROP = "//script|//style|//noscript|//template|//svg|//nav|//footer|//header|//form|//iframe"
_BLOCKS = (
    "p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "div", "td", "th", "tr", "section", "article",
    "blockquote", "pre", "dt", "dd", "br", "figcaption", "ul", "ol", "main",
)  # fmt: skip


@dataclass
class Parsed:
    text: str
    title: str = ""
    language: str | None = None
    encoding: str = ""
    notes: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    empty_message: str = "There is no readable text in this document."


def parse_html(markup: str) -> lxml.html.HtmlElement:
    """Element tree of a page. Raises `DocumentUnreadable` when nothing can be made of it."""
    try:
        # An encoding declaration in a str is an error to lxml, so it parses our own UTF-8.
        parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=False)
        tree = lxml.html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise DocumentUnreadable("The page's markup could not be read.") from error
    return tree


def from_html(data: bytes, charset: str | None, url: str) -> Parsed:
    import trafilatura

    decoded = decode(data, declared=charset)
    tree = parse_html(decoded.text)
    title = _first(tree, "//meta[@property='og:title']/@content", "//title/text()", "//h1//text()")
    links = _links(tree, url)
    text = (
        trafilatura.extract(
            decoded.text,
            url=url or None,
            include_comments=False,
            include_formatting=False,
        )
        or ""
    )
    # Short landing pages look like boilerplate to the extractor; then the plain text is better.
    if len(text.split()) < _THIN_WORDS:
        plain = _plain_text(tree)
        if len(plain.split()) * 2 > len(text.split()):
            text = plain
    notes = ["The page's encoding was repaired."] if decoded.repaired else []
    return Parsed(
        text,
        title=title,
        language=normalise_tag(tree.get("lang")),
        encoding=decoded.encoding,
        notes=notes,
        links=links,
        empty_message="The page has no readable text. Pages drawn only by scripts cannot be read.",
    )


def _first(tree: lxml.html.HtmlElement, *paths: str) -> str:
    for path in paths:
        for value in tree.xpath(path):
            if str(value).strip():
                return str(value).strip()
    return ""


def _links(tree: lxml.html.HtmlElement, url: str) -> list[str]:
    """Absolute http(s) addresses this page links to, in order, without repeats or nofollow."""
    if "nofollow" in _first(tree, "//meta[@name='robots']/@content").casefold():
        return []
    base = urljoin(url, _first(tree, "//base/@href"))
    found: dict[str, None] = {}
    for anchor in tree.xpath("//a[@href]"):
        if "nofollow" in (anchor.get("rel") or "").casefold():
            continue
        try:
            target = urljoin(base, anchor.get("href").strip())
        except ValueError:
            continue
        if target.startswith(("http://", "https://")):
            found.setdefault(target)
    return list(found)


def _plain_text(tree: lxml.html.HtmlElement) -> str:
    copied = copy.deepcopy(tree)
    body = copied.find("body")
    root = body if body is not None else copied
    for element in root.xpath(_DROP):
        element.drop_tree()
    for element in root.iter(*_BLOCKS):
        element.tail = "\n" + (element.tail or "")
        element.text = "\n" + (element.text or "")
    return str(root.text_content())


def from_markdown(data: bytes, charset: str | None, url: str) -> Parsed:
    decoded = decode(data, declared=charset)
    source, front = _split_front_matter(decoded.text)
    lines: list[str] = []
    title = front.get("title", "")
    heading, opens_item = "", False
    for token in MarkdownIt("commonmark").enable("table").parse(source):
        if token.type == "heading_open":
            heading = token.tag
        elif token.type == "list_item_open":
            opens_item = True
        elif token.type == "inline":
            line = _inline_text(token)
            if opens_item:
                line, opens_item = f"• {line}", False
            if heading == "h1" and not title:
                title = line
            heading = ""
            lines.append(line)
    notes = ["The text's encoding was repaired."] if decoded.repaired else []
    return Parsed(
        "\n".join(lines),
        title=title,
        language=normalise_tag(front.get("lang")),
        encoding=decoded.encoding,
        notes=notes,
    )


def _split_front_matter(text: str) -> tuple[str, dict[str, str]]:
    match = re.match(r"\ufeff?---\s*\n(.*?)\n---\s*(?:\n|$)", text, re.DOTALL)
    if not match:
        return text, {}
    pairs = re.findall(r"^(\w+):[ \t]*[\"']?(.*?)[\"']?[ \t]*$", match.group(1), re.MULTILINE)
    return text[match.end() :], {key.casefold(): value for key, value in pairs}


def _inline_text(token: Token) -> str:
    parts = []
    for child in token.children or []:
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return "".join(parts)


def from_text(data: bytes, charset: str | None, url: str) -> Parsed:
    decoded = decode(data, declared=charset)
    notes = ["The text's encoding was repaired."] if decoded.repaired else []
    return Parsed(_unwrap(decoded.text), encoding=decoded.encoding, notes=notes)


def _unwrap(text: str) -> str:
    """Join lines of hard-wrapped paragraphs, so that a sentence is not cut at column 72."""
    paragraphs = re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    return "\n".join(_unwrap_one(paragraph) for paragraph in paragraphs)


def _unwrap_one(paragraph: str) -> str:
    out: list[str] = []
    for line in (line.strip() for line in paragraph.split("\n")):
        starts_item = re.match(r"(?:[-*•–]|\d+[.)])\s", line)
        if out and line and not starts_item and len(out[-1]) > 50 and out[-1][-1:] not in ".!?:":
            out[-1] = f"{out[-1]} {line}"
        elif line:
            out.append(line)
    return "\n".join(out)


def from_pdf(data: bytes, charset: str | None, url: str) -> Parsed:
    if b"%PDF-" not in data[:1024]:
        raise BinaryContent("This file is named like a PDF but is not one.")
    import pypdf

    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentLocked("This PDF needs a password. Save a copy without one and add that.")
        total = len(reader.pages)
        pages = [reader.pages[index].extract_text() for index in range(min(total, MAX_PDF_PAGES))]
        title = str(reader.metadata.get("/Title") or "") if reader.metadata else ""
    except DocumentLocked:
        raise
    # Broken files surface as any of a dozen exception types out of the parser.
    except Exception as error:
        raise DocumentUnreadable("This PDF is damaged and could not be read.") from error
    notes = []
    if total > MAX_PDF_PAGES:
        notes.append(f"Read the first {MAX_PDF_PAGES} of {total} pages.")
    return Parsed(
        "\n".join(_pdf_paragraphs(page) for page in pages),
        title=title,
        notes=notes,
        empty_message="This PDF holds pictures of pages, no text. Add a version with text in it.",
    )


def _pdf_paragraphs(page: str) -> str:
    """Undo hyphenation at line ends, then the line breaks themselves."""
    return _unwrap(re.sub(r"([a-zà-ÿ])-\n([a-zà-ÿ])", r"\1\2", page))


def from_docx(data: bytes, charset: str | None, url: str) -> Parsed:
    import docx

    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise DocumentLocked(
            "This Word file needs a password. Save a copy without one and add that."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
            if unpacked > MAX_DOCX_UNPACKED:
                raise DocumentTooLarge("This Word file unpacks to more than can be read.")
        document = docx.Document(io.BytesIO(data))
        lines = [_docx_line(paragraph) for paragraph in document.paragraphs]
        for table in document.tables:
            lines += [" – ".join(cell.text for cell in row.cells) for row in table.rows]
        title = document.core_properties.title or ""
    except DocumentTooLarge:
        raise
    # As with PDFs: a broken archive or part fails in many ways.
    except Exception as error:
        raise DocumentUnreadable("This is no readable Word file (docx).") from error
    if not any(line.strip() for line in lines):
        raise DocumentEmpty("There is no readable text in this document.")
    return Parsed("\n".join(lines), title=title)


def _docx_line(paragraph: Paragraph) -> str:
    style = (paragraph.style.name or "") if paragraph.style is not None else ""
    return (
        f"• {paragraph.text}"
        if style.startswith("List") and paragraph.text.strip()
        else paragraph.text
    )
