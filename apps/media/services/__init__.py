"""The verbs of the media library: `from apps.media.services import assets`."""
