"""What can be allowed around jobs."""

from __future__ import annotations

from apps.workspaces.permissions import ROLES, register

VIEW_JOBS = register("jobs.view", "See jobs and their attempts", roles=ROLES)
MANAGE_JOBS = register(
    "jobs.manage", "Cancel, retry and replay jobs", roles=["admin", "contributor"]
)
MANAGE_SCHEDULES = register(
    "schedules.manage", "Make and change schedules", roles=["admin", "contributor"]
)
RUN_SYSTEM = register("system.run", "Run the installation's own duties", roles=["owner"])
