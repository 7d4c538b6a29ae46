"""Making and changing schedules. The next occurrence of each is due work like any other."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from apps.errors import NotFound
from apps.orchestrator import registry
from apps.orchestrator.engine import index
from apps.orchestrator.errors import WrongState
from apps.orchestrator.models import Job, Schedule, ScheduleException
from apps.orchestrator.permissions import MANAGE_SCHEDULES
from apps.orchestrator.recurrence import LONGEST_SEARCH, Rule
from apps.orchestrator.services import jobs
from apps.orchestrator.services.running import Input, validate_input
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor


def create_schedule(
    *,
    actor: Actor,
    title: str,
    action: str,
    input: Input = None,
    rrule: str = "",
    cron: str = "",
    time_zone: str | None = None,
    anchor: datetime | None = None,
    ends_at: datetime | None = None,
    catch_up: str = Schedule.CatchUp.LAST,
    catch_up_cap: int = 10,
    key: str | None = None,
) -> Schedule:
    """A schedule that queues ``action`` at each occurrence from ``anchor`` (a wall time) on.

    ``time_zone`` defaults to the workspace's, ``anchor`` to the present minute there. Raises
    PermissionDenied, UnknownAction, ValidationFailed with the field named.
    """
    actor.require(MANAGE_SCHEDULES)
    found = registry.get(action)
    actor.require(found.permission)
    model = validate_input(found, input)
    zone = time_zone or require_workspace().time_zone
    rule = Rule(anchor or _now_on_the_wall(zone), zone, rrule, cron)
    rule.check()
    schedule = Schedule(
        key=key,
        title=title,
        action=action,
        input=model.model_dump(mode="json"),
        actor=actor.to_json(),
        rrule=rrule,
        cron=cron,
        time_zone=zone,
        anchor=rule.anchor.isoformat(timespec="seconds"),
        ends_at=ends_at,
        catch_up=catch_up,
        catch_up_cap=catch_up_cap,
    )
    with transaction.atomic():
        schedule.save(force_insert=True)
        # Half a minute back: an occurrence in the minute that is typed in counts.
        _arm(schedule, after=timezone.now() - timedelta(seconds=30))
    return schedule


def ensure_schedule(*, actor: Actor, key: str, **wanted: Any) -> Schedule:
    """The schedule ``key`` as ``wanted`` (arguments of create_schedule): made or brought up to date."""
    actor.require(MANAGE_SCHEDULES)
    with transaction.atomic():
        schedule = Schedule.objects.select_for_update().filter(key=key).first()
        if schedule is None:
            return create_schedule(actor=actor, key=key, **wanted)
        same = {name: getattr(schedule, name) for name in wanted if name not in ("input", "anchor")}
        if any(same[name] != wanted[name] for name in same):
            return change_schedule(actor=actor, schedule_id=schedule.pk, **wanted)
        return schedule


def change_schedule(*, actor: Actor, schedule_id: uuid.UUID, **changes: Any) -> Schedule:
    """Change title, action, input, rrule, cron, time_zone, anchor, ends_at or catch_up(_cap).

    Bumps the revision and computes the next occurrence anew from now. Jobs already made stay.
    """
    actor.require(MANAGE_SCHEDULES)
    with transaction.atomic():
        schedule = _locked(schedule_id)
        if "input" in changes or "action" in changes:
            found = registry.get(changes.get("action", schedule.action))
            actor.require(found.permission)
            model = validate_input(found, changes.pop("input", schedule.input))
            schedule.action, schedule.input = found.key, model.model_dump(mode="json")
            changes.pop("action", None)
        anchor = changes.pop("anchor", None)
        if anchor is not None:
            schedule.anchor = anchor.isoformat(timespec="seconds")
        for name, value in changes.items():
            setattr(schedule, name, value)
        schedule.actor = actor.to_json()
        rule_of(schedule).check()
        schedule.revision += 1
        if schedule.state == Schedule.State.ENDED:
            schedule.state = Schedule.State.ACTIVE
        _arm(schedule, after=timezone.now())
    return schedule


def rearm(schedule_id: uuid.UUID) -> None:
    """Put an active schedule back into the due-work index, should its row be missing."""
    with transaction.atomic():
        schedule = _locked(schedule_id)
        if schedule.state == Schedule.State.ACTIVE:
            _arm(schedule, after=schedule.last_occurrence_at or timezone.now())


def pause_schedule(*, actor: Actor, schedule_id: uuid.UUID) -> Schedule:
    actor.require(MANAGE_SCHEDULES)
    with transaction.atomic():
        schedule = _locked(schedule_id)
        return _halt(schedule, Schedule.State.PAUSED)


def resume_schedule(*, actor: Actor, schedule_id: uuid.UUID) -> Schedule:
    """Go on with the next occurrence from now; what lay in the pause is not caught up."""
    actor.require(MANAGE_SCHEDULES)
    with transaction.atomic():
        schedule = _locked(schedule_id)
        if schedule.state != Schedule.State.PAUSED:
            raise WrongState("This schedule is not paused.")
        schedule.state = Schedule.State.ACTIVE
        schedule.revision += 1
        _arm(schedule, after=timezone.now())
    return schedule


def end_schedule(*, actor: Actor, schedule_id: uuid.UUID) -> Schedule:
    """No more occurrences; jobs of it that still wait are cancelled."""
    actor.require(MANAGE_SCHEDULES)
    with transaction.atomic():
        schedule = _locked(schedule_id)
        for job in Job.objects.filter(schedule=schedule.pk, state__in=Job.WAITING):
            if index.remove_waiting(job.pk):
                job.state, job.finished_at = Job.State.CANCELLED, timezone.now()
                job.save(update_fields=["state", "finished_at"])
        return _halt(schedule, Schedule.State.ENDED)


def skip_occurrence(*, actor: Actor, schedule_id: uuid.UUID, occurrence_at: datetime) -> None:
    """Leave out the occurrence at ``occurrence_at``. Raises NotFound when the rule has none there."""
    actor.require(MANAGE_SCHEDULES)
    with transaction.atomic():
        schedule = _locked(schedule_id)
        _check_occurrence(schedule, occurrence_at)
        job = Job.objects.filter(schedule=schedule.pk, occurrence_at=occurrence_at).first()
        if job is not None:
            jobs.cancel(actor=actor, job_id=job.pk)
        _except(schedule, occurrence_at, is_skipped=True)


def move_occurrence(
    *,
    actor: Actor,
    schedule_id: uuid.UUID,
    occurrence_at: datetime,
    run_at: datetime,
    input: Input = None,
) -> Job:
    """Run one occurrence at another time, or with another input. Its job is made at once."""
    actor.require(MANAGE_SCHEDULES)
    with transaction.atomic():
        schedule = _locked(schedule_id)
        _check_occurrence(schedule, occurrence_at)
        job = jobs.enqueue(
            actor=actor,
            action=schedule.action,
            input=schedule.input if input is None else input,
            run_at=run_at,
            occurrence=(schedule.pk, occurrence_at),
        )
        _except(schedule, occurrence_at, run_at=run_at)
        return job


def upcoming(schedule: Schedule, *, count: int = 10) -> list[datetime]:
    """The next occurrences as the rule says, without those left out or moved."""
    found: list[datetime] = []
    for occurrence in _open_occurrences(schedule, timezone.now()):
        found.append(occurrence)
        if len(found) == count:
            break
    return found


def rule_of(schedule: Schedule) -> Rule:
    return Rule(
        datetime.fromisoformat(schedule.anchor), schedule.time_zone, schedule.rrule, schedule.cron
    )


def next_occurrence(schedule: Schedule, after: datetime) -> datetime | None:
    """The next one after ``after`` that is neither left out nor moved; None at the end."""
    return next(iter(_open_occurrences(schedule, after)), None)


def _open_occurrences(schedule: Schedule, after: datetime) -> Any:
    closed = set(
        ScheduleException.objects.filter(schedule=schedule, occurrence_at__gt=after).values_list(
            "occurrence_at", flat=True
        )
    )
    for number, occurrence in enumerate(rule_of(schedule).after(after)):
        is_over = schedule.ends_at is not None and occurrence > schedule.ends_at
        if is_over or number > LONGEST_SEARCH:
            return
        if occurrence not in closed:
            yield occurrence


def _arm(schedule: Schedule, *, after: datetime) -> None:
    """Put the next occurrence into the due-work index, or take the schedule out of it."""
    index.remove(schedule.pk)
    following = next_occurrence(schedule, after) if schedule.state == "active" else None
    schedule.next_at = following
    if following is None and schedule.state == Schedule.State.ACTIVE:
        schedule.state = Schedule.State.ENDED
    schedule.save()
    if following is not None:
        index.add(
            [
                index.NewWork(
                    id=schedule.pk,
                    workspace_id=require_workspace().pk,
                    queue="default",
                    run_at=following,
                    kind="schedule",
                    priority=40,
                    # A worker that holds the row of an earlier revision matches nothing.
                    fence=schedule.revision << 32,
                )
            ]
        )


def _halt(schedule: Schedule, state: str) -> Schedule:
    schedule.state = state
    schedule.revision += 1
    schedule.next_at = None
    schedule.save()
    index.remove(schedule.pk)
    return schedule


def _except(schedule: Schedule, occurrence_at: datetime, **values: Any) -> None:
    ScheduleException.objects.update_or_create(
        schedule=schedule, occurrence_at=occurrence_at, defaults=values
    )
    schedule.revision += 1
    if schedule.state == Schedule.State.ACTIVE:
        _arm(schedule, after=schedule.last_occurrence_at or timezone.now() - timedelta(seconds=30))


def _check_occurrence(schedule: Schedule, occurrence_at: datetime) -> None:
    found = next(iter(rule_of(schedule).after(occurrence_at - timedelta(seconds=1))), None)
    if found != occurrence_at:
        raise NotFound("This schedule has no occurrence at that time.", field="occurrence_at")


def _locked(schedule_id: uuid.UUID) -> Schedule:
    schedule = Schedule.objects.select_for_update().filter(pk=schedule_id).first()
    if schedule is None:
        raise NotFound("There is no such schedule in this workspace.")
    return schedule


def _now_on_the_wall(zone: str) -> datetime:
    try:
        return (
            timezone.now().astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0, microsecond=0)
        )
    except (KeyError, ValueError, OSError):
        return timezone.now().replace(
            tzinfo=None, second=0, microsecond=0
        )  # check() says what is wrong
