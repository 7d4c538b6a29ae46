"""What can be wrong with a file, in words for people."""

from __future__ import annotations

from typing import ClassVar

from apps.errors import Conflict, NotFound, ValidationFailed


class AssetNotFound(NotFound):
    code = "asset_not_found"


class RenditionNotFound(NotFound):
    code = "rendition_not_found"


class FileTooLarge(ValidationFailed):
    code = "file_too_large"
    status: ClassVar[int] = 413


class FileEmpty(ValidationFailed):
    code = "file_empty"


class NotAnImage(ValidationFailed):
    """The content is not one of the formats taken, whatever the name says."""

    code = "not_an_image"


class ImageBroken(ValidationFailed):
    """Truncated or damaged: it cannot be decoded to the end."""

    code = "image_broken"


class TooManyPixels(ValidationFailed):
    """Larger than we decode: a bomb, or a poster for a house front."""

    code = "too_many_pixels"


class AltTextTooLong(ValidationFailed):
    code = "alt_text_too_long"


class BadDetails(ValidationFailed):
    code = "bad_details"


class CannotFit(Conflict):
    """The image cannot be made small enough for what a network takes."""

    code = "image_cannot_fit"
