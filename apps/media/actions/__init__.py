"""What the world may ask of the media library. Uploading in parts is REST's and the page's."""

from apps.media.actions import many, one, pictures, work

__all__ = ["many", "one", "pictures", "work"]
