"""The one door to a workspace's data. Nothing else imports django_tenants.

``with workspace_context(workspace): ...`` is the only way in; outside of it a query for a workspace's
tables fails, because they are not on the search path.
"""

from apps.workspaces.tenancy.context import (
    NoWorkspace,
    current_workspace,
    public_context,
    require_workspace,
    workspace_context,
)
from apps.workspaces.tenancy.fields import UserRef
from apps.workspaces.tenancy.urls import absolute_url, reverse

__all__ = [
    "NoWorkspace",
    "UserRef",
    "absolute_url",
    "current_workspace",
    "public_context",
    "require_workspace",
    "reverse",
    "workspace_context",
]
