"""What can be wrong with a request about sources."""

from __future__ import annotations

from apps.errors import Conflict, NotFound, ValidationFailed


class SourceNotFound(NotFound):
    code = "source_not_found"


class SourceExists(Conflict):
    code = "source_exists"


class SourceBusy(Conflict):
    code = "source_busy"


class FolderEmpty(ValidationFailed):
    code = "folder_empty"
