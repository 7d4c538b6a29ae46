"""Where the parts of an upload go: a folder of the local storage, or a multipart upload of S3.

Which parts have arrived is read from there and kept nowhere else, so nothing can disagree after a
crash. Parts are numbered from 1; all have the upload's ``part_size``, the last one what is left.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, Protocol
from uuid import uuid4

from django.core.files.storage import storages
from storages.backends.s3 import S3Storage

from apps.media.errors import BadPart, PartMissing, UploadOver
from apps.media.models import Upload
from apps.workspaces.tenancy.storage import workspace_name

_CHUNK = 1 << 20


class Parts(Protocol):
    name: str

    def begin(self, upload: Upload) -> None:
        """Make room; may set ``upload.remote_id``."""

    def arrived(self, upload: Upload) -> dict[int, int]:
        """Bytes of each part that is there."""

    def put(self, upload: Upload, number: int, stream: IO[bytes]) -> None:
        """Take a part through us, whole or not at all. Raises BadPart."""

    def addresses(self, upload: Upload, numbers: Iterable[int], seconds: int) -> dict[int, str]:
        """Where a browser may PUT these parts itself; empty where they go through us."""

    def assemble(self, upload: Upload) -> None:
        """One file out of the parts, under ``upload.file``. Again is harmless. Raises PartMissing."""

    def discard(self, upload: Upload) -> None:
        """Forget the parts. Again is harmless; the assembled file stays."""


def store_for(upload: Upload | None = None) -> Parts:
    """The store of ``upload``, or the one that new uploads go to."""
    storage = storages["default"]
    if isinstance(storage, S3Storage):
        return _S3(storage)
    return _Local(storage)


class _Local:
    """A file for each part, written beside its place and then renamed: what is there is whole."""

    name = "local"

    def __init__(self, storage: Any) -> None:
        self._storage = storage

    def _folder(self, upload: Upload) -> Path:
        return Path(self._storage.path(f"uploads/{upload.pk}"))

    def begin(self, upload: Upload) -> None:
        self._folder(upload).mkdir(parents=True, exist_ok=True)

    def arrived(self, upload: Upload) -> dict[int, int]:
        try:
            with os.scandir(self._folder(upload)) as found:
                return {int(one.name): one.stat().st_size for one in found if one.name.isdigit()}
        except FileNotFoundError:
            return {}

    def put(self, upload: Upload, number: int, stream: IO[bytes]) -> None:
        wanted, folder = upload.length_of(number), self._folder(upload)
        temporary = folder / f"{number}.{uuid4().hex}.tmp"
        try:
            with temporary.open("xb") as file:
                length = _copy(stream, file, wanted + 1)
                file.flush()
                os.fsync(file.fileno())
            if length != wanted:
                raise _wrong_length(number, wanted)
            temporary.replace(folder / str(number))
        except FileNotFoundError:
            raise UploadOver("This upload is over.") from None
        finally:
            temporary.unlink(missing_ok=True)

    def addresses(self, upload: Upload, numbers: Iterable[int], seconds: int) -> dict[int, str]:
        return {}

    def assemble(self, upload: Upload) -> None:
        whole = Path(self._storage.path(upload.file))
        if whole.exists() and whole.stat().st_size == upload.size:
            return
        check_complete(upload, self.arrived(upload))
        whole.parent.mkdir(parents=True, exist_ok=True)
        folder = self._folder(upload)
        temporary = folder / f"whole.{uuid4().hex}.tmp"
        if upload.parts == 1:
            temporary = folder / "1"
        else:
            with temporary.open("xb") as file:
                for number in range(1, upload.parts + 1):
                    with (folder / str(number)).open("rb") as part:
                        shutil.copyfileobj(part, file, _CHUNK)
        temporary.replace(whole)

    def discard(self, upload: Upload) -> None:
        shutil.rmtree(self._folder(upload), ignore_errors=True)


class _S3:
    """S3's own multipart upload. A browser puts the parts to addresses that we sign, with their
    length signed too, so that nothing longer is taken."""

    name = "s3"

    def __init__(self, storage: S3Storage) -> None:
        self._client = storage.connection.meta.client
        self._bucket = storage.bucket_name

    def _where(self, upload: Upload) -> dict[str, str]:
        return {
            "Bucket": self._bucket,
            "Key": workspace_name(upload.file),
            "UploadId": upload.remote_id,
        }

    def begin(self, upload: Upload) -> None:
        answer = self._client.create_multipart_upload(
            Bucket=self._bucket, Key=workspace_name(upload.file), ContentType=upload.mime
        )
        upload.remote_id = answer["UploadId"]

    def arrived(self, upload: Upload) -> dict[int, int]:
        return {number: part["Size"] for number, part in self._list(upload).items()}

    def _list(self, upload: Upload) -> dict[int, Any]:
        pages = self._client.get_paginator("list_parts").paginate(**self._where(upload))
        try:
            return {part["PartNumber"]: part for page in pages for part in page.get("Parts", [])}
        except self._client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchUpload":
                return {}
            raise

    def put(self, upload: Upload, number: int, stream: IO[bytes]) -> None:
        """For programs that cannot reach S3 themselves. A part is at most a few megabytes."""
        wanted = upload.length_of(number)
        data = stream.read(wanted + 1)
        if len(data) != wanted:
            raise _wrong_length(number, wanted)
        self._client.upload_part(**self._where(upload), PartNumber=number, Body=data)

    def addresses(self, upload: Upload, numbers: Iterable[int], seconds: int) -> dict[int, str]:
        return {
            number: self._client.generate_presigned_url(
                "upload_part",
                Params={
                    **self._where(upload),
                    "PartNumber": number,
                    "ContentLength": upload.length_of(number),
                },
                ExpiresIn=seconds,
            )
            for number in numbers
        }

    def assemble(self, upload: Upload) -> None:
        parts = self._list(upload)
        if not parts and self._is_there(upload):
            return
        check_complete(upload, {number: part["Size"] for number, part in parts.items()})
        self._client.complete_multipart_upload(
            **self._where(upload),
            MultipartUpload={
                "Parts": [
                    {"PartNumber": number, "ETag": part["ETag"]}
                    for number, part in sorted(parts.items())
                ]
            },
        )

    def _is_there(self, upload: Upload) -> bool:
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=workspace_name(upload.file))
        except self._client.exceptions.ClientError:
            return False
        return bool(head["ContentLength"] == upload.size)

    def discard(self, upload: Upload) -> None:
        try:
            self._client.abort_multipart_upload(**self._where(upload))
        except self._client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise


def check_complete(upload: Upload, arrived: dict[int, int]) -> None:
    """Raise PartMissing unless every part is there in its right length."""
    missing = [
        number
        for number in range(1, upload.parts + 1)
        if arrived.get(number) != upload.length_of(number)
    ]
    if missing:
        count = "One part is" if len(missing) == 1 else f"{len(missing):,} parts are"
        raise PartMissing(f"{count} missing.", params={"missing": missing[:100]})


def _copy(source: IO[bytes], target: IO[bytes], most: int) -> int:
    copied = 0
    while copied < most and (data := source.read(min(_CHUNK, most - copied))):
        target.write(data)
        copied += len(data)
    return copied


def _wrong_length(number: int, wanted: int) -> BadPart:
    return BadPart(f"Part {number} must have {wanted:,} bytes.", field="part")
