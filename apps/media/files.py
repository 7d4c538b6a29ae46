"""Files of the current workspace in the default storage, disk or S3, without ever holding one whole.

Names are storage names: below the workspace's own prefix. Nothing here reads a database.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage, storages
from django.utils.http import content_disposition_header
from storages.backends.s3 import S3Storage

from apps.media.errors import RenditionNotFound
from apps.workspaces.tenancy.storage import workspace_name

CHUNK = 1 << 20
_PREFIX = "candy-media-"


def is_remote() -> bool:
    """Whether files lie in S3 and browsers can be sent there."""
    return isinstance(_storage(), S3Storage)


class _Movable(File):
    """A file of ours that a local storage may move instead of copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def keep(name: str, data: bytes | Path, *, mime: str = "") -> str:
    """Store under ``name``, or one like it where that is taken; gives the name. A path is moved or
    uploaded in pieces, and may be gone afterwards."""
    if isinstance(data, bytes):
        file: Any = ContentFile(data)
    else:
        file = _Movable(data.open("rb"), name=str(data))
    with file:
        if mime:
            file.content_type = mime
        return str(default_storage.save(name, file))


def keep_once(name: str, data: bytes | Path, *, mime: str = "") -> str:
    """For names that say the content: what is there already is the same."""
    if default_storage.exists(name):
        return workspace_name(name)
    return keep(name, data, mime=mime)


def drop(*names: str) -> None:
    for name in names:
        if name:
            default_storage.delete(name)


def read(name: str) -> bytes:
    with default_storage.open(name) as file:
        data: bytes = file.read()
    return data


def read_part(name: str, start: int, length: int) -> bytes:
    """``length`` bytes from ``start``; fewer at the end of the file, none behind it."""
    if start < 0 or length <= 0:
        return b""
    with open_range(name, start, length) as file:
        return file.read()


class Stretch:
    """A part of a file, open for reading: ``read``, ``chunks``, ``close``."""

    def __init__(self, file: Any, length: int) -> None:
        self._file, self._left = file, length

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        parts = []
        while wanted > 0:
            data: bytes = self._file.read(min(wanted, CHUNK))
            if not data:
                self._left = 0
                break
            parts.append(data)
            wanted -= len(data)
            self._left -= len(data)
        return b"".join(parts)

    def chunks(self) -> Iterator[bytes]:
        while data := self.read(CHUNK // 4):
            yield data

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Stretch:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def open_range(name: str, start: int, length: int) -> Stretch:
    """Opened at once, so that it can be read outside of the workspace. Raises RenditionNotFound."""
    storage = _storage()
    try:
        if isinstance(storage, S3Storage):
            answer = storage.connection.meta.client.get_object(
                Bucket=storage.bucket_name,
                Key=workspace_name(name),
                Range=f"bytes={start}-{start + length - 1}",
            )
            return Stretch(answer["Body"], length)
        file = Path(storage.path(name)).open("rb")  # noqa: SIM115  the stretch closes it
    except FileNotFoundError:
        raise _gone() from None
    except Exception as error:
        if _code(error) in ("InvalidRange", "416"):
            return Stretch(ContentFile(b""), 0)
        if _code(error) in ("NoSuchKey", "404"):
            raise _gone() from None
        raise
    file.seek(start)
    return Stretch(file, length)


@contextmanager
def as_local(name: str) -> Iterator[IO[bytes]]:
    """The whole file with a descriptor that a program can be handed. From S3 it is fetched first."""
    storage = _storage()
    if isinstance(storage, S3Storage):
        with tempfile.TemporaryFile(dir=work_dir()) as file:
            try:
                storage.connection.meta.client.download_fileobj(
                    storage.bucket_name, workspace_name(name), file
                )
            except Exception as error:
                if _code(error) in ("NoSuchKey", "404"):
                    raise _gone() from None
                raise
            file.flush()
            file.seek(0)
            yield file
    else:
        try:
            opened = Path(storage.path(name)).open("rb")  # noqa: SIM115
        except FileNotFoundError:
            raise _gone() from None
        with opened:
            yield opened


def signed_url(name: str, *, seconds: int, mime: str, shown_as: str) -> str:
    """S3's own address for it, for anybody who has it. Only where ``is_remote``."""
    storage = _storage()
    assert isinstance(storage, S3Storage)
    address: str = storage.connection.meta.client.generate_presigned_url(
        "get_object",
        Params={
            "Bucket": storage.bucket_name,
            "Key": workspace_name(name),
            "ResponseContentType": mime,
            "ResponseContentDisposition": content_disposition_header(False, shown_as) or "inline",
        },
        ExpiresIn=seconds,
    )
    return address


def digest(file: Any) -> str:
    """SHA-256 in hex; the file is at its beginning afterwards."""
    file.seek(0)
    found = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return found


@contextmanager
def work_folder() -> Iterator[Path]:
    """A folder of one piece of work, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=work_dir()) as folder:
        yield Path(os.path.realpath(folder))


def sweep(*, older_than_seconds: float = 6 * 3600) -> int:
    """Remove folders of work whose process was killed, on this machine; gives how many."""
    limit, removed = time.time() - older_than_seconds, 0
    for folder in Path(work_dir() or tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder.stat().st_mtime < limit and folder.stat().st_uid == os.getuid():
                shutil.rmtree(folder)
                removed += 1
    return removed


def work_dir() -> str | None:
    return settings.CANDY_MEDIA_WORK_DIR or None


def _storage() -> Any:
    """The storage itself, behind Django's lazy object: its class is asked for."""
    return storages["default"]


def _code(error: Exception) -> str:
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _gone() -> RenditionNotFound:
    return RenditionNotFound("This file is not there any more.")
