"""What can be allowed around voice, writing and models."""

from __future__ import annotations

from apps.workspaces.permissions import ROLES, register

VIEW_VOICE = register("voice.view", "See the voice and score texts", roles=ROLES)
EDIT_VOICE = register(
    "voice.edit", "Learn, edit and restore the voice", roles=["admin", "contributor"]
)
WRITE = register("drafts.write", "Have drafts written", roles=["admin", "contributor"])
MANAGE_MODELS = register("models.manage", "Manage model keys and the budget", roles=["admin"])
