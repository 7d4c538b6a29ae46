"""Who is doing something."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from apps.errors import PermissionDenied

if TYPE_CHECKING:
    from apps.workspaces.models import ApiKey, Membership, Workspace

ActorKind = Literal["person", "api_key", "system", "agent"]

ALL_PERMISSIONS = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone or something that acts in one workspace, with what it may do there.

    ``permissions`` holds permission keys such as ``posts.publish``; ``*`` stands for all of them.
    """

    kind: ActorKind
    workspace_id: int
    user_id: int | None = None
    role: str = ""
    permissions: frozenset[str] = field(default_factory=frozenset)
    key_id: int | None = None
    label: str = ""

    def can(self, permission: str) -> bool:
        return permission in self.permissions or "*" in self.permissions

    def require(self, permission: str) -> None:
        """Raise PermissionDenied unless the actor holds ``permission``."""
        if not self.can(permission):
            raise PermissionDenied(
                "Your role in this workspace does not allow this.",
                params={"permission": permission},
            )

    @classmethod
    def system(cls, workspace: Workspace, label: str = "Candy") -> Actor:
        """Candy itself, at work in ``workspace``."""
        return cls("system", workspace.pk, permissions=ALL_PERMISSIONS, label=label)

    @classmethod
    def member(cls, membership: Membership, permissions: frozenset[str]) -> Actor:
        return cls(
            "person",
            membership.workspace_id,
            user_id=membership.user_id,
            role=membership.role.key,
            permissions=permissions,
            label=membership.user.display_name,
        )

    @classmethod
    def api_key(cls, key: ApiKey, membership: Membership, permissions: frozenset[str]) -> Actor:
        """A program with ``key``: what the person may do, narrowed to the key's scopes."""
        return cls(
            "api_key",
            membership.workspace_id,
            user_id=membership.user_id,
            role=membership.role.key,
            permissions=permissions,
            key_id=key.pk,
            label=key.name,
        )

    def to_json(self) -> dict[str, Any]:
        """What a job keeps of the actor. Permissions are looked up anew when it runs."""
        return {
            "kind": self.kind,
            "workspace_id": self.workspace_id,
            "user_id": self.user_id,
            "role": self.role,
            "key_id": self.key_id,
            "label": self.label,
        }
