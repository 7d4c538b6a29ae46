"""Who a job acts for, looked up anew when it runs."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.orchestrator.errors import ActorGone
from apps.workspaces.models import ApiKey, Membership, Workspace
from apps.workspaces.services import access
from apps.workspaces.types import Actor


def revive(kept: dict[str, Any], workspace: Workspace) -> Actor:
    """The actor that ``kept`` (``Actor.to_json``) stands for, with what it may do today.

    Raises ActorGone for a person who is no longer a member (or active) and for a revoked key. A key
    that was replaced by rotation acts as its successor; one that merely expired still does, since
    what it had scheduled was allowed when it did.
    """
    if kept.get("kind") == "system":
        return Actor.system(workspace, label=kept.get("label") or "Candy")
    if kept.get("workspace_id") != workspace.pk:
        raise ActorGone("This job was asked for in another workspace.")
    membership = (
        Membership.objects.select_related("role", "user")
        .filter(workspace=workspace, user__pk=kept.get("user_id") or 0, user__is_active=True)
        .first()
    )
    if membership is None:
        raise ActorGone(
            f"{kept.get('label') or 'The person'} who asked for this is no longer a member of "
            "the workspace. Someone else has to ask for it again.",
        )
    allowed = access.permissions_of(membership)
    if kept.get("kind") == "api_key":
        key = _key(kept.get("key_id"))
        if key.scopes:
            allowed = frozenset(scope for scope in key.scopes if scope in allowed)
        return Actor.api_key(key, membership, allowed)
    return Actor(
        kept.get("kind", "person"),
        workspace.pk,
        user_id=membership.user_id,
        role=membership.role.key,
        permissions=allowed,
        label=kept.get("label", ""),
    )


def _key(key_id: int | None) -> ApiKey:
    key = ApiKey.objects.select_related("replaced_by").filter(pk=key_id or 0).first()
    if key is not None and key.replaced_by is not None:
        key = key.replaced_by
    if key is None or (key.revoked_at is not None and key.revoked_at <= timezone.now()):
        raise ActorGone(
            "The API key that asked for this was revoked. Ask for it again with another key.",
            code="key_revoked",
        )
    return key
