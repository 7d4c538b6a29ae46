"""Why a document could not be read. All final: reading the same bytes again changes nothing."""

from __future__ import annotations

from apps.errors import ValidationFailed


class ReadingError(ValidationFailed):
    """The document gives no text. `code` names the reason, the message is fit for a person."""

    code = "document_unreadable"


class DocumentEmpty(ReadingError):
    code = "document_empty"


class DocumentLocked(ReadingError):
    code = "document_locked"


class DocumentTooLarge(ReadingError):
    code = "document_too_large"


class DocumentUnreadable(ReadingError):
    code = "document_unreadable"


class BinaryContent(ReadingError):
    code = "document_binary"


class FormatUnsupported(ReadingError):
    code = "document_format_unsupported"
