"""What can be wrong with a file, in words for people. No Django here: the confined checker raises these."""

from __future__ import annotations

from typing import ClassVar

from apps.errors import Conflict, DomainError, Gone, LimitExceeded, NotFound, ValidationFailed


class AssetNotFound(NotFound):
    code = "asset_not_found"


class RenditionNotFound(NotFound):
    code = "rendition_not_found"


class UploadNotFound(NotFound):
    code = "upload_not_found"


class CaptionNotFound(NotFound):
    code = "caption_not_found"


class FileRefused(ValidationFailed):
    """The content is not what it should be. Final: the same file will be refused again."""

    code = "file_refused"


class FileTooLarge(FileRefused):
    code = "file_too_large"
    status: ClassVar[int] = 413


class FileEmpty(FileRefused):
    code = "file_empty"


class TypeNotTaken(FileRefused):
    """The content is not of a kind that the library takes, whatever the name says."""

    code = "type_not_taken"


class NotAnImage(FileRefused):
    """The content is not one of the image formats taken, whatever the name says."""

    code = "not_an_image"


class ImageBroken(FileRefused):
    """Truncated or damaged: it cannot be decoded to the end."""

    code = "image_broken"


class TooManyPixels(FileRefused):
    """Larger than we decode: a bomb, or a poster for a house front."""

    code = "too_many_pixels"


class TwoFilesInOne(FileRefused):
    """One file that other programs would read as another kind: only made to get past checks."""

    code = "polyglot"


class VideoBroken(FileRefused):
    """Truncated or damaged, or its picture cannot be decoded."""

    code = "video_broken"


class VideoNotTaken(FileRefused):
    """A video in a container or codec that is not taken, or with too many or too large pictures."""

    code = "video_not_taken"


class DocumentBroken(FileRefused):
    code = "document_broken"


class DocumentEncrypted(FileRefused):
    """Nobody could read it after publication."""

    code = "document_encrypted"


class DocumentActive(FileRefused):
    """It carries macros, scripts or programs."""

    code = "document_active"


class DocumentBomb(FileRefused):
    """Unpacked it would be far larger than any document."""

    code = "document_bomb"


class CheckTooHeavy(FileRefused):
    """The check took more time or memory than a file may cost."""

    code = "check_too_heavy"


class WrongDigest(FileRefused):
    """Its SHA-256 is not the one announced: something was lost or changed on the way."""

    code = "wrong_sha256"


class CaptionsBroken(FileRefused):
    """``params["line"]`` of a file; or ``params["problems"]``: each wrong cue of an editor."""

    code = "captions_broken"


class CaptionsChanged(Conflict):
    """These are not the captions that were seen before the change was made."""

    code = "captions_changed"


class AltTextTooLong(ValidationFailed):
    code = "alt_text_too_long"


class BadDetails(ValidationFailed):
    code = "bad_details"


class BadSpec(ValidationFailed):
    code = "bad_rendition_spec"


class WrongKind(Conflict):
    """This cannot be done with an asset of this kind."""

    code = "wrong_asset_kind"


class CannotFit(Conflict):
    """The file cannot be brought into the form that a network takes."""

    code = "image_cannot_fit"


class VideoCannotFit(CannotFit):
    code = "video_cannot_fit"


class VideoTooLong(VideoCannotFit):
    code = "video_too_long"


class VideoTooShort(VideoCannotFit):
    code = "video_too_short"


class CaptionsMissing(CannotFit):
    """The spec asks for captions in a language that the video has none in."""

    code = "captions_missing"


class RenditionFailed(DomainError):
    """The encoder failed for a reason of its own. Worth one more try."""

    code = "rendition_failed"
    status: ClassVar[int] = 503
    retryable: ClassVar[bool] = True


class PageNotDrawn(DomainError):
    """The browser failed at a page, or took too long. Worth one more try."""

    code = "page_not_drawn"
    status: ClassVar[int] = 503
    retryable: ClassVar[bool] = True


class AlreadyThere(Conflict):
    """The same file is in the library."""

    code = "asset_already_there"


class UploadOver(Gone):
    """This upload has been finished, refused, given up, or has expired."""

    code = "upload_over"


class PartMissing(Conflict):
    """Not all parts have arrived; ``params["missing"]`` says which (the first hundred)."""

    code = "upload_part_missing"


class BadPart(ValidationFailed):
    """A part with a number or length that does not belong to this upload."""

    code = "upload_bad_part"


class StorageFull(LimitExceeded):
    """The workspace's own limit; waiting does not help, deleting does."""

    code = "media_storage_full"
    status: ClassVar[int] = 409
    retryable: ClassVar[bool] = False


class LinkExpired(Gone):
    code = "link_expired"


def by_code() -> dict[str, type[DomainError]]:
    """The errors of this module, for those that come out of a confined process as text or of a job."""
    return {
        one.code: one
        for one in list(globals().values())
        if isinstance(one, type) and issubclass(one, DomainError) and one.__module__ == __name__
    }
