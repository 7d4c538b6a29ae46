from apps.workspaces.models.api_key import ApiKey
from apps.workspaces.models.audit import AuditEntry
from apps.workspaces.models.due_work import DueWork
from apps.workspaces.models.membership import Invitation, Membership, Role
from apps.workspaces.models.schema_dump import SchemaDump
from apps.workspaces.models.workspace import Domain, SlugHistory, Workspace

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Domain",
    "DueWork",
    "Invitation",
    "Membership",
    "Role",
    "SchemaDump",
    "SlugHistory",
    "Workspace",
]
