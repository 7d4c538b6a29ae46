"""What people say of a file, checked; and finding the file they mean."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from apps.media.errors import AltTextTooLong, AssetNotFound, BadDetails
from apps.media.models import Asset

ALT_LIMIT, TAG_LIMIT, TAGS, FOLDER_LIMIT, FOLDER_DEPTH = 1500, 40, 30, 120, 6


def get(asset: Asset | UUID | str, *, lock: bool = False, in_trash: bool = False) -> Asset:
    """The asset that is not deleted (``in_trash``: the one that is); with ``lock`` read again FOR
    UPDATE. Raises AssetNotFound."""
    rows = Asset.objects.filter(deleted_at__isnull=not in_trash)
    if lock:
        rows = rows.select_for_update()
    try:
        pk = asset.pk if isinstance(asset, Asset) else UUID(str(asset))
    except ValueError:
        pk = None
    found = rows.filter(pk=pk).first() if pk else None
    if found is None:
        raise AssetNotFound("This file does not exist any more.")
    return found


def tidy_name(name: str) -> str:
    """A file name as people may read it: no path, no control characters."""
    base = PurePosixPath(name.replace("\\", "/")).name
    return "".join(c for c in base if c.isprintable()).strip()[:200] or "file"


def tidy_folder(folder: str) -> str:
    """A path of folders: ``Spring/Photos``. Raises BadDetails."""
    parts = [" ".join(_plain(part).split()) for part in folder.replace("\\", "/").split("/")]
    path = "/".join(part for part in parts if part and part not in (".", ".."))
    if len(path) > FOLDER_LIMIT or path.count("/") >= FOLDER_DEPTH:
        raise BadDetails(
            f"A folder's path has at most {FOLDER_LIMIT} characters and {FOLDER_DEPTH} levels.",
            field="folder",
        )
    return path


def tidy_tags(tags: Iterable[str]) -> list[str]:
    """Lower case, each once, in order. Raises BadDetails."""
    tidy = sorted({_plain(tag).lower() for tag in tags if _plain(tag)})
    if len(tidy) > TAGS or any(len(tag) > TAG_LIMIT for tag in tidy):
        raise BadDetails(f"At most {TAGS} tags of at most {TAG_LIMIT} characters.", field="tags")
    return tidy


def check(
    *,
    alt_text: str | None = None,
    folder: str | None = None,
    tags: Iterable[str] | None = None,
) -> dict[str, Any]:
    """Those that are given, as an asset keeps them. Raises AltTextTooLong, BadDetails."""
    given: dict[str, Any] = {}
    if alt_text is not None:
        if len(alt_text) > ALT_LIMIT:
            raise AltTextTooLong(
                f"An alternative text has at most {ALT_LIMIT} characters.", field="alt_text"
            )
        given["alt_text"] = _plain(alt_text)
    if folder is not None:
        given["folder"] = tidy_folder(folder)
    if tags is not None:
        given["tags"] = tidy_tags(tags)
    return given


def _plain(text: str) -> str:
    """Without NUL, which PostgreSQL cannot keep."""
    return text.replace("\x00", "").strip()
