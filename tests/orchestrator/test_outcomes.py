"""What becomes of a job depends on how its action ended and on what its effect may have done."""

from __future__ import annotations

from typing import Any

import pytest

from apps.errors import DomainError
from apps.orchestrator import Retryable, services
from apps.orchestrator.engine import outcomes
from apps.orchestrator.models import Event, Job, JobAttempt
from apps.workspaces.models import DueWork, Membership

pytestmark = pytest.mark.django_db(transaction=True)


def log_of(job: Job) -> list[str]:
    return list(JobAttempt.objects.filter(job=job).values_list("outcome", flat=True))


def test_a_job_runs_and_keeps_its_output(system: Any, drive: Any) -> None:
    job = services.enqueue(actor=system, action="probe.say", input={"text": "hi"})
    drive()
    job.refresh_from_db()
    assert (job.state, job.output, job.attempts) == ("succeeded", {"text": "HI"}, 1)
    assert job.finished_at is not None
    assert log_of(job) == ["succeeded"]
    assert not DueWork.objects.filter(pk=job.pk).exists()


@pytest.mark.parametrize(
    ("steps", "state", "log"),
    [
        (["retry", "ok"], "succeeded", ["retry", "succeeded"]),
        (["crash", "ok"], "succeeded", ["retry", "succeeded"]),
        (["unknown", "ok"], "succeeded", ["retry", "succeeded"]),
        (["final", "ok"], "failed", ["failed"]),
        (["retry"], "dead", ["retry", "retry", "dead"]),
        (["defer", "defer", "defer", "defer", "ok"], "succeeded", ["succeeded"]),
    ],
)
def test_an_idempotent_action(
    system: Any, drive: Any, effects: Any, steps: list[str], state: str, log: list[str]
) -> None:
    job = services.enqueue(actor=system, action="probe.script", input={"steps": steps})
    drive()
    job.refresh_from_db()
    assert job.state == state
    assert log_of(job) == log
    assert job.attempts == len(log)


@pytest.mark.parametrize(
    ("step", "found", "state", "begun"),
    [
        ("unknown", "landed", "succeeded", 1),
        ("crash", "landed", "succeeded", 1),
        ("unknown", "not_landed", "succeeded", 2),
        ("unknown", "later", "succeeded", 1),
        ("unknown", "never", "unknown", 1),
    ],
)
def test_a_checkable_action_asks_before_it_runs_again(
    system: Any, drive: Any, effects: Any, step: str, found: str, state: str, begun: int
) -> None:
    job = services.enqueue(
        actor=system, action="probe.checkable", input={"steps": [step, "ok"], "reconcile": found}
    )
    # A crash waits the default five seconds before it looks: bring that forward.
    drive(until=lambda: bool(effects("begin")))
    DueWork.objects.filter(pk=job.pk, kind="recover").update(run_at="2020-01-01T00:00:00Z")
    drive()
    job.refresh_from_db()
    assert job.state == state
    assert len(effects("begin")) == begun
    assert effects("reconcile")


def test_an_unsafe_action_waits_for_a_person(system: Any, drive: Any, effects: Any) -> None:
    job = services.enqueue(actor=system, action="probe.unsafe", input={"steps": ["crash", "ok"]})
    drive()
    job.refresh_from_db()
    assert job.state == "unknown"
    assert DueWork.objects.get(pk=job.pk).state == "unknown"
    assert len(effects("begin")) == 1
    services.resolve_unknown(actor=system, job_id=job.pk, happened=False)
    drive()
    job.refresh_from_db()
    assert (job.state, len(effects("begin"))) == ("succeeded", 2)


def test_a_person_can_say_that_it_happened(system: Any, drive: Any, effects: Any) -> None:
    job = services.enqueue(actor=system, action="probe.unsafe", input={"steps": ["unknown"]})
    drive()
    services.resolve_unknown(actor=system, job_id=job.pk, happened=True, output={"text": "seen"})
    drive()
    job.refresh_from_db()
    assert (job.state, job.output, len(effects("begin"))) == ("succeeded", {"text": "seen"}, 1)
    assert not DueWork.objects.filter(pk=job.pk).exists()


def test_the_dead_are_grouped_by_cause_and_replayed_together(
    system: Any, drive: Any, effects: Any
) -> None:
    for number in range(3):
        services.enqueue(
            actor=system,
            action="probe.script",
            input={"steps": ["crash"] * 3 + ["ok"], "key": str(number)},
        )
    other = services.enqueue(actor=system, action="probe.script", input={"steps": ["retry"]})
    drive()
    prints = set(Job.objects.filter(state="dead").values_list("error_fingerprint", flat=True))
    assert len(prints) == 2
    crashed = Job.objects.exclude(pk=other.pk)
    (shared,) = set(crashed.values_list("error_fingerprint", flat=True))
    assert services.replay_dead(actor=system, fingerprint=shared) == 3
    drive()
    assert set(crashed.values_list("state", flat=True)) == {"succeeded"}
    other.refresh_from_db()
    assert other.state == "dead"
    assert Event.objects.filter(kind="job.dead").count() == 4


def test_an_error_keeps_its_place_and_no_secret(system: Any, drive: Any, effects: Any) -> None:
    job = services.enqueue(actor=system, action="probe.script", input={"steps": ["crash"]})
    drive()
    job.refresh_from_db()
    attempt = JobAttempt.objects.filter(job=job).first()
    assert attempt is not None
    assert "in _play" in attempt.traceback
    kept = attempt.traceback.replace(
        '"token=sk-secret-1234567890abcdef broke"', ""
    )  # the source line
    assert "sk-secret" not in kept + job.error_message + attempt.error_message


def test_permissions_are_those_of_the_moment_it_runs(
    system: Any, workspace: Any, drive: Any, admin: Any, contributor: Any, actor_for: Any
) -> None:
    kept = services.enqueue(actor=actor_for(admin, workspace), action="probe.manage")
    removed = services.enqueue(actor=actor_for(contributor, workspace), action="probe.say")
    lowered = services.enqueue(actor=actor_for(admin, workspace), action="probe.manage")
    Membership.objects.filter(user=contributor).delete()
    drive(until=lambda: Job.objects.filter(pk=kept.pk, state="succeeded").exists())
    removed.refresh_from_db()
    assert (removed.state, removed.error_code) == ("failed", "actor_gone")
    assert "no longer a member" in removed.error_message
    lowered.refresh_from_db()
    assert lowered.state == "succeeded"
    from apps.workspaces.services.provisioning import builtin_role

    late = services.enqueue(actor=actor_for(admin, workspace), action="probe.manage")
    Membership.objects.filter(user=admin).update(role=builtin_role("viewer"))
    drive()
    late.refresh_from_db()
    assert (late.state, late.error_code) == ("failed", "permission_denied")


def test_a_job_over_its_time_is_stopped(system: Any, drive: Any, effects: Any) -> None:
    job = services.enqueue(actor=system, action="probe.short", input={"seconds": 5})
    drive(seconds=8)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("dead", "timeout")
    assert not effects("effect")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefgh12345678",
        '{"access_token": "abcdefgh12345678"}',
        "postgres://user:abcdefgh12345678@host/db",
        "api_key=abcdefgh12345678&x=1",
        "sk-abcdefgh12345678",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str) -> None:
    assert "abcdefgh12345678" not in outcomes.redact(text)


def test_a_retry_waits_longer_each_time_and_never_the_same() -> None:
    from apps.orchestrator import Retry

    policy = Retry(base_seconds=2, cap_seconds=60)
    assert [policy.delay(n, 1.0) for n in (1, 2, 3, 10)] == [2, 4, 8, 60]
    assert policy.delay(3, 0.0) == 4
    error: DomainError = Retryable("x", retry_after=7)
    assert 6 < (outcomes.retry_at(policy, error, 1) - outcomes.timezone.now()).total_seconds() <= 7
