from __future__ import annotations

from apps.errors import Conflict, NotFound, ValidationFailed


class ProjectNotFound(NotFound):
    code = "project_not_found"


class ProjectNameTaken(Conflict):
    code = "project_name_taken"


class ProjectDatesWrong(ValidationFailed):
    code = "project_dates"
