"""How much may come in: by kind, by file, by workspace."""

from __future__ import annotations

from django.conf import settings

from apps.media import queries
from apps.media.errors import FileTooLarge, StorageFull
from apps.workspaces import limits
from apps.workspaces.tenancy import require_workspace

METER = "media_bytes"
_WORDS = {"image": "An image", "video": "A video", "document": "A document"}


def limit_of(kind: str) -> int:
    """Bytes that one file of that kind may have."""
    if kind == "video":
        return int(settings.CANDY_MAX_VIDEO_BYTES)
    if kind == "document":
        return int(settings.CANDY_MAX_DOCUMENT_BYTES)
    return int(settings.CANDY_MAX_IMAGE_BYTES)


def check_file(kind: str, size: int) -> None:
    """Raises FileTooLarge."""
    limit = limit_of(kind)
    if size > limit:
        words = f"{limit / 1e6:,.0f} MB" if limit >= 1e6 else f"{limit:,} bytes"
        raise FileTooLarge(
            f"{_WORDS.get(kind, 'An image')} may have at most {words}. This one has more.",
            field="file",
        )


def check_workspace(adding: int) -> None:
    """Raises StorageFull, or LimitExceeded where the plan has no room for ``adding`` more bytes."""
    workspace = require_workspace()
    used = queries.storage_used().total
    most = int(settings.CANDY_MEDIA_BYTES_PER_WORKSPACE)
    if most and used + adding > most:
        raise StorageFull(
            f"There is no room for this file: {used / 1e6:,.0f} of {most / 1e6:,.0f} MB are used. "
            "Empty the trash or delete what nobody needs.",
            field="file",
            params={"used": used, "allowed": most},
        )
    limits.check(workspace_id=workspace.pk, meter=METER, used=used, adding=adding)
