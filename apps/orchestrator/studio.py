"""Where the jobs page stands in the shell."""

from __future__ import annotations

from apps.orchestrator.permissions import VIEW_JOBS
from apps.studio import navigation
from apps.studio.navigation import NavItem

navigation.register(
    NavItem("jobs", "Jobs", "cpu", "orchestrator:jobs", order=920, permission=VIEW_JOBS,
            match=("orchestrator:",), keywords="queue background work dead letters failed retry")
)  # fmt: skip
