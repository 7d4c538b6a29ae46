"""PDF, Word and PowerPoint: whole, readable by anybody, and without programs in them."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import IO, Any

from apps.media.errors import (
    DocumentActive,
    DocumentBomb,
    DocumentBroken,
    DocumentEncrypted,
    TypeNotTaken,
)
from apps.media.types import DOC, DOCX, PDF, PPT, PPTX

_MOST_OBJECTS = 300_000
_UNPACKED, _ENTRIES, _RATIO = 400_000_000, 20_000, 200
_ACTIVE_NAMES = ("/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/RichMedia", "/Movie")
_PROGRAMS = re.compile(r"(vbaproject|vbadata|activex|\.exe$|\.dll$|\.js$|\.vbs$|\.bat$)", re.I)
_EXTERNAL_TEMPLATE = re.compile(
    rb"attachedTemplate[^>]*TargetMode\s*=\s*[\"']External|TargetMode\s*=\s*[\"']External[\"']"
    rb"[^>]*attachedTemplate",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Found:
    mime: str
    pages: int | None


def check_pdf(file: IO[bytes], size: int) -> Found:
    """Raises DocumentBroken, DocumentEncrypted, DocumentActive."""
    import pypdf
    from pypdf.errors import PyPdfError

    file.seek(max(0, size - 2048))
    if b"%%EOF" not in file.read():
        raise DocumentBroken("This PDF was cut off: its end is missing.", field="file")
    file.seek(0)
    try:
        reader = pypdf.PdfReader(file, strict=False)
        if reader.is_encrypted:
            raise _encrypted()
        pages = len(reader.pages)
        _look_for_programs(reader)
    except (PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise DocumentBroken("This PDF is damaged. Export it again.", field="file") from error
    except RecursionError as error:
        raise DocumentBomb("This PDF is nested without end.", field="file") from error
    if not pages:
        raise DocumentBroken("This PDF has no pages.", field="file")
    return Found(PDF, pages)


def _look_for_programs(reader: Any) -> None:
    """Every object of the file, those in compressed streams too."""
    numbers = {number for table in reader.xref.values() for number in table}
    numbers |= set(reader.xref_objStm)
    if len(numbers) > _MOST_OBJECTS:
        raise DocumentBomb("This PDF has far too many parts.", field="file")
    for number in numbers:
        try:
            found = reader.get_object(number)
        except Exception:  # noqa: S112  a broken object nobody refers to is common and harmless
            continue
        _refuse_programs(found)
    _refuse_programs(reader.trailer)


def _refuse_programs(found: Any, depth: int = 0) -> None:
    from pypdf.generic import ArrayObject, DictionaryObject

    if depth > 50:
        raise DocumentBomb("This PDF is nested without end.", field="file")
    if isinstance(found, DictionaryObject):
        for name, value in found.items():
            if name in _ACTIVE_NAMES or (name in ("/S", "/Type") and value in _ACTIVE_NAMES):
                raise DocumentActive(
                    "This PDF carries a script or another file. Print it to a plain PDF.",
                    field="file",
                )
            _refuse_programs(_direct(value), depth + 1)
    elif isinstance(found, ArrayObject):
        for value in list(found):
            _refuse_programs(_direct(value), depth + 1)


def _direct(value: Any) -> Any:
    """What lies elsewhere is looked at there."""
    from pypdf.generic import IndirectObject

    return None if isinstance(value, IndirectObject) else value


def check_ooxml(file: IO[bytes], size: int) -> Found:
    """A docx or pptx. Raises DocumentBroken, DocumentBomb, DocumentActive, TypeNotTaken."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_bomb(entries, size)
            names = {entry.filename for entry in entries}
            mime, pages = _office_kind(names)
            _check_macros(archive, names)
            broken = archive.testzip()
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise DocumentBroken("This document is damaged or was cut off.", field="file") from error
    except RuntimeError as error:  # zipfile's word for a password
        raise _encrypted() from error
    if broken is not None:
        raise DocumentBroken("This document is damaged.", field="file")
    return Found(mime, pages)


def _check_bomb(entries: list[zipfile.ZipInfo], size: int) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _ENTRIES or unpacked > _UNPACKED or unpacked > max(size, 50_000) * _RATIO:
        raise DocumentBomb("Unpacked this document would be far too large.", field="file")
    if any(entry.flag_bits & 1 for entry in entries):
        raise _encrypted()


def _office_kind(names: set[str]) -> tuple[str, int | None]:
    if "[Content_Types].xml" in names:
        if "word/document.xml" in names:
            return DOCX, None
        if "ppt/presentation.xml" in names:
            slides = sum(bool(re.fullmatch(r"ppt/slides/slide\d+\.xml", name)) for name in names)
            return PPTX, slides
    raise TypeNotTaken("ZIP archives are not taken.", field="file")


def _check_macros(archive: zipfile.ZipFile, names: set[str]) -> None:
    if any(_PROGRAMS.search(name) for name in names):
        raise _active()
    types = archive.read("[Content_Types].xml")
    if b"macroEnabled" in types or b"vbaProject" in types:
        raise _active()
    for name in names:
        if name.endswith("settings.xml.rels") and _EXTERNAL_TEMPLATE.search(archive.read(name)):
            raise _active()


def check_cfb(file: IO[bytes], size: int) -> Found:
    """A doc or ppt. Raises DocumentBroken, DocumentEncrypted, DocumentActive, TypeNotTaken."""
    import olefile

    try:
        ole = olefile.OleFileIO(file, raise_defects=olefile.DEFECT_INCORRECT)
        streams = {"/".join(path) for path in ole.listdir(streams=True, storages=True)}
        lower = {name.lower() for name in streams}
        if any("encryptedpackage" in name or "encryptedsummary" in name for name in lower):
            raise _encrypted()
        if any("vba" in name or name.startswith("macros") for name in lower):
            raise _active()
        if "worddocument" in lower:
            header = ole.openstream("WordDocument").read(32)
            if len(header) < 32 or header[:2] != b"\xec\xa5":
                raise DocumentBroken("This document is damaged.", field="file")
            if header[11] & 1:
                raise _encrypted()
            return Found(DOC, None)
        if "powerpoint document" in lower:
            _check_ppt_user(ole)
            return Found(PPT, None)
    except (OSError, IndexError, ValueError, TypeError) as error:
        raise DocumentBroken("This document is damaged or was cut off.", field="file") from error
    raise TypeNotTaken("This is not a Word or PowerPoint document.", field="file")


def _check_ppt_user(ole: Any) -> None:
    """PowerPoint says in the stream `Current User` whether the rest is encrypted."""
    if not ole.exists("Current User"):
        raise DocumentBroken("This document is damaged.", field="file")
    if ole.openstream("Current User").read(16)[12:16] == b"\xdf\xc4\xd1\xf3":
        raise _encrypted()


def _encrypted() -> DocumentEncrypted:
    return DocumentEncrypted(
        "This document is protected by a password, so nobody could read it.", field="file"
    )


def _active() -> DocumentActive:
    return DocumentActive(
        "This document carries macros or programs. Save it without them.", field="file"
    )
