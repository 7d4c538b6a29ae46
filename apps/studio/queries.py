"""Reads of the shell: the activity feed, notifications, projects."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Count, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.orchestrator.models import Event, EventCounter
from apps.studio.errors import ProjectNotFound
from apps.studio.models import Notification, Project
from apps.workspaces.types import Actor

# What the machinery says to itself; people read about the things, not about the plumbing.
NOT_FOR_READING = ("notification.",)
Row = TypeVar("Row")


class Page(NamedTuple, Generic[Row]):
    """Rows, newest first, and the cursor of the next older page, None at the end."""

    rows: list[Row]
    older: str | None


class FeedLine(NamedTuple):
    event: Event
    who: str
    by_machine: bool


def feed(
    *,
    actor: Actor,
    before: int | None = None,
    kind: str = "",
    subject: tuple[str, str] | None = None,
    limit: int = 30,
) -> Page[FeedLine]:
    """What happened, newest first, as far as ``actor`` may see it. Two queries.

    ``before`` is the sequence of the last line already shown; ``kind`` a prefix such as "post".
    """
    events = Event.objects.order_by("-sequence")
    if "*" not in actor.permissions:
        events = events.filter(permission__in=actor.permissions)
    for prefix in NOT_FOR_READING:
        events = events.exclude(kind__startswith=prefix)
    if before is not None:
        events = events.filter(sequence__lt=before)
    if kind:
        events = events.filter(kind__startswith=f"{kind}.")
    if subject:
        events = events.filter(subject_kind=subject[0], subject_id=subject[1])
    found = list(events[: limit + 1])
    rows = found[:limit]
    older = str(rows[-1].sequence) if len(found) > limit else None
    names = names_of({row.actor.get("user_id") for row in rows})
    lines = [
        FeedLine(
            row,
            names.get(row.actor.get("user_id")) or row.actor.get("label") or "Candy",
            row.actor.get("kind") != "person",
        )
        for row in rows
    ]
    return Page(lines, older)


def names_of(user_ids: set[int | None]) -> dict[int | None, str]:
    """Display names by user id. One query, none for nobody."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    if not wanted:
        return {}
    return {user.pk: user.display_name for user in User.objects.filter(pk__in=wanted)}


class Bell(NamedTuple):
    """What the frame asks on every page: the person's unread number and the newest event."""

    unread: int
    sequence: int


def bell(*, actor: Actor) -> Bell:
    """One query. ``sequence`` is 0 before the first event."""
    mine = Notification.objects.filter(person_id=actor.user_id, read_at__isnull=True)
    counted = mine.order_by().values("person_id").annotate(number=Count("pk")).values("number")
    row = EventCounter.objects.filter(pk=1).annotate(unread=Coalesce(Subquery(counted), 0)).first()
    # Notifications come from events, so where nothing was counted nothing is unread.
    return Bell(row.unread, row.value) if row else Bell(0, 0)


def notifications(
    *, actor: Actor, before: UUID | None = None, unread_only: bool = False, limit: int = 30
) -> Page[Notification]:
    """The person's notifications, newest first. One query. ``before`` is the last id shown."""
    rows = Notification.objects.filter(person_id=actor.user_id).order_by("-id")
    if unread_only:
        rows = rows.filter(read_at__isnull=True)
    return _page(rows if before is None else rows.filter(pk__lt=before), limit)


def unread_count(*, actor: Actor, up_to: int = 100) -> int:
    """How many the person has not read, counted no further than ``up_to``. One query."""
    unread = Notification.objects.filter(person_id=actor.user_id, read_at__isnull=True)
    return unread[:up_to].count()


def projects(*, archived: bool = False) -> QuerySet[Project]:
    return Project.objects.filter(archived_at__isnull=not archived).order_by("name")


def project(project_id: UUID) -> Project:
    """Raises ProjectNotFound."""
    found = Project.objects.filter(pk=project_id).first()
    if found is None:
        raise ProjectNotFound("This project is gone, or it never was.")
    return found


def _page(rows: QuerySet[Notification], limit: int) -> Page[Notification]:
    found = list(rows[: limit + 1])
    older = str(found[limit - 1].pk) if len(found) > limit else None
    return Page(found[:limit], older)
