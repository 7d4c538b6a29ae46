"""Readable text out of whatever a brand hands over: pages, Markdown, plain text, PDF, Word.

Pure functions over bytes: no database, no network, no Django. `read` is the door; it raises
`ReadingError` subclasses with a stable `code` and a sentence that can be shown as it is.
"""

from apps.knowledge.reading.document import MAX_BYTES, Reading, kind_of, read
from apps.knowledge.reading.errors import (
    BinaryContent,
    DocumentEmpty,
    DocumentLocked,
    DocumentTooLarge,
    DocumentUnreadable,
    FormatUnsupported,
    ReadingError,
)
from apps.knowledge.reading.look import Look, look_of

__all__ = [
    "MAX_BYTES",
    "BinaryContent",
    "DocumentEmpty",
    "DocumentLocked",
    "DocumentTooLarge",
    "DocumentUnreadable",
    "FormatUnsupported",
    "Look",
    "Reading",
    "ReadingError",
    "kind_of",
    "look_of",
    "read",
]
