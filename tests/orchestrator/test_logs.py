"""What a job logs can be found by the job."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from structlog.contextvars import get_contextvars

from apps.orchestrator.engine import execution
from apps.orchestrator.models import Job


class Quiet:
    fence = 1
    is_interrupted = False

    def begin(self, seconds: float) -> None: ...

    def end(self) -> None: ...


def test_lines_of_a_job_carry_its_id_and_action_and_the_next_job_starts_clean(
    in_workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []

    def refuse(*_: Any) -> Any:
        seen.append(dict(get_contextvars()))
        raise execution.actors.ActorGone("gone")

    monkeypatch.setattr(execution, "context", refuse)
    job = Job(pk=uuid4(), action="system.run_maintenance", attempts=1, max_attempts=1)
    outcome = execution.execute(job, Quiet(), in_workspace, False)  # type: ignore[arg-type]

    assert outcome.code == "actor_gone"
    assert seen == [{"job_id": str(job.pk), "action": "system.run_maintenance"}]
    assert get_contextvars() == {}
