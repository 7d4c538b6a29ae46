"""Files of a workspace, each below its own prefix."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage
from storages.backends.s3 import S3Storage

from apps.workspaces.tenancy.context import require_workspace


def workspace_name(name: str) -> str:
    """``name`` below the current workspace's prefix, which is the schema's opaque name.

    A name that already carries the prefix comes back as it is, another workspace's is refused.
    """
    prefix = require_workspace().schema_name
    parts = PurePosixPath(str(name).replace("\\", "/")).parts
    if ".." in parts or (parts and parts[0] == "/"):
        raise SuspiciousFileOperation(f"{name!r} leaves its folder.")
    if parts and parts[0] == prefix:
        return "/".join(parts)
    if parts and parts[0].startswith("ws_"):
        raise SuspiciousFileOperation(f"{name!r} belongs to another workspace.")
    return "/".join((prefix, *parts))


class WorkspaceFileSystemStorage(FileSystemStorage):
    """Local files. Stored names are relative to MEDIA_ROOT and begin with the workspace's prefix."""

    def path(self, name: str) -> str:
        return super().path(workspace_name(name))

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return super().get_available_name(workspace_name(name), max_length)


class WorkspaceS3Storage(S3Storage):
    """The same on S3."""

    def _normalize_name(self, name: str) -> Any:
        return super()._normalize_name(workspace_name(name))

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return super().get_available_name(workspace_name(name), max_length)
