"""The REST face that every app shares: who calls, errors, pages, limits, doing things once.

An app's own ``api/`` package holds its resources: views made of ``operation``s, and the pydantic
models that they take and give.
"""

from apps.workspaces.api.base import PersonView, WorkspaceView
from apps.workspaces.api.inputs import Body, ListQuery, Query
from apps.workspaces.api.operations import Reply, operation
from apps.workspaces.api.pagination import Ordering, Page, ordering_of, paginate, paginate_by_id

__all__ = [
    "Body",
    "ListQuery",
    "Ordering",
    "Page",
    "PersonView",
    "Query",
    "Reply",
    "WorkspaceView",
    "operation",
    "ordering_of",
    "paginate",
    "paginate_by_id",
]
