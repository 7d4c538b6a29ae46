"""Who may do what with posts and channels. Reading needs `workspace.view` alone."""

from __future__ import annotations

from apps.workspaces.permissions import register

WRITE = register("posts.write", "Write and edit posts", roles=["admin", "contributor"])
PUBLISH = register("posts.publish", "Schedule and publish posts", roles=["admin", "contributor"])
STOP = register(
    "publishing.stop", "Pause channels and stop all publishing", roles=["admin", "contributor"]
)
MANAGE_CHANNELS = register("channels.manage", "Add, change and remove channels", roles=["admin"])
