"""The shell's own places, cards, settings tabs and search."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from apps.orchestrator.models import Event
from apps.orchestrator.permissions import MANAGE_JOBS
from apps.studio import navigation, queries
from apps.studio.home import Block, register_block
from apps.studio.navigation import NavItem, NewItem
from apps.studio.notifications import Rule, register_rule
from apps.studio.permissions import MANAGE_PROJECTS
from apps.studio.search import Hit, SearchSource, register_source
from apps.workspaces.tenancy import reverse

navigation.register(
    NavItem("home", "Home", "house", "studio:home", order=0, shortcut="h", on_phone=True,
            keywords="dashboard start overview")
)  # fmt: skip
navigation.register(
    NavItem("projects", "Projects", "folder", "studio:projects", order=900, shortcut="j",
            match=("studio:project",))
)  # fmt: skip
navigation.register(
    NavItem("activity", "Activity", "activity", "studio:activity", order=910, shortcut="y", on_phone=True,
            keywords="history feed log")
)  # fmt: skip
navigation.register(
    NavItem("settings", "Settings", "settings", "studio:settings", order=990, shortcut="s",
            match=("workspaces:",), keywords="workspace name time zone")
)  # fmt: skip
navigation.register(
    NewItem("project", "Project", "folder-plus", "studio:project_create", order=900,
            permission=MANAGE_PROJECTS)
)  # fmt: skip


def _recent_activity(request: HttpRequest) -> dict[str, Any]:
    page = queries.feed(actor=request.actor, limit=8)  # type: ignore[attr-defined]
    return {"page": page}


register_block(
    Block("activity", "studio/blocks/activity.html", _recent_activity, order=900, width="narrow",
          live_kinds="*")
)  # fmt: skip


def _find_projects(request: HttpRequest, words: str, limit: int) -> list[Hit]:
    found = queries.projects().filter(name__icontains=words) if words else queries.projects()
    return [
        Hit(project.name, reverse("studio:project", kwargs={"project_id": project.pk}))
        for project in found[:limit]
    ]


register_source(SearchSource("projects", "Projects", "folder", _find_projects, order=900))


def _job(event: Event) -> str:
    return reverse("orchestrator:job", kwargs={"job_id": event.subject_id})


def _job_people(event: Event) -> list[int] | None:
    """Everyone; nobody for jobs about a post, whose own events say it better."""
    about = event.data.get("about")
    return [] if about and about[0] in ("post", "target", "source") else None


for kind, tone in (("job.dead", "danger"), ("job.failed", "warning"), ("job.unknown", "warning")):
    register_rule(Rule(kind, MANAGE_JOBS, tone=tone, url=_job, people=_job_people))
