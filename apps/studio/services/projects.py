"""Making, changing and putting away projects."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.errors import ValidationFailed
from apps.orchestrator import services as orchestrator
from apps.studio.errors import ProjectDatesWrong, ProjectNameTaken, ProjectNotFound
from apps.studio.models import Project
from apps.studio.permissions import MANAGE_PROJECTS
from apps.workspaces.types import Actor


def create(
    *,
    actor: Actor,
    name: str,
    purpose: str = "",
    tone: str = Project.Tone.ACCENT,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Project:
    """Emits ``project.created``. Raises PermissionDenied, ProjectNameTaken, ProjectDatesWrong."""
    actor.require(MANAGE_PROJECTS)
    project = Project(
        name=name.strip(),
        purpose=purpose.strip(),
        tone=tone,
        starts_on=starts_on,
        ends_on=ends_on,
        created_by_id=actor.user_id,
    )
    _save(project, actor, "project.created", f"{actor.label or 'Candy'} started {project.name}")
    return project


def update(*, actor: Actor, project_id: UUID, **changes: Any) -> Project:
    """Change name, purpose, tone, starts_on, ends_on. Locks the project. Emits ``project.changed``."""
    actor.require(MANAGE_PROJECTS)
    with transaction.atomic():
        project = _locked(project_id)
        for name in ("name", "purpose", "tone", "starts_on", "ends_on"):
            if name in changes:
                setattr(project, name, changes[name])
        project.name = project.name.strip()
        _save(project, actor, "project.changed", f"{actor.label or 'Candy'} changed {project.name}")
    return project


def archive(*, actor: Actor, project_id: UUID) -> Project:
    """Put away; nothing in it is lost. Locks the project. Emits ``project.archived``."""
    return _set_archived(actor, project_id, archived=True)


def restore(*, actor: Actor, project_id: UUID) -> Project:
    """Bring back. Raises ProjectNameTaken when another took the name. Emits ``project.restored``."""
    return _set_archived(actor, project_id, archived=False)


def _set_archived(actor: Actor, project_id: UUID, *, archived: bool) -> Project:
    actor.require(MANAGE_PROJECTS)
    verb = "archived" if archived else "restored"
    with transaction.atomic():
        project = _locked(project_id)
        if project.is_archived != archived:
            project.archived_at = timezone.now() if archived else None
            _save(
                project, actor, f"project.{verb}", f"{actor.label or 'Candy'} {verb} {project.name}"
            )
    return project


def _locked(project_id: UUID) -> Project:
    project = Project.objects.select_for_update().filter(pk=project_id).first()
    if project is None:
        raise ProjectNotFound("This project is gone.")
    return project


def _save(project: Project, actor: Actor, kind: str, summary: str) -> None:
    if not project.name:
        raise ValidationFailed("A project needs a name.", field="name")
    if project.starts_on and project.ends_on and project.ends_on < project.starts_on:
        raise ProjectDatesWrong("The last day comes before the first.", field="ends_on")
    try:
        with transaction.atomic():
            project.save()
            orchestrator.emit(
                actor=actor, kind=kind, subject=("project", str(project.pk)), summary=summary
            )
    except IntegrityError as error:
        if "studio_project_name_unique" not in str(error):
            raise
        raise ProjectNameTaken(
            f"There is a project named {project.name} already.", field="name"
        ) from error
