"""Jobs that wait, run here and now as a worker would."""

from __future__ import annotations

from apps.orchestrator.engine import worker
from apps.workspaces.models import DueWork


def run_waiting() -> int:
    """Run every job that is due, of all workspaces, once; returns how many attempts that were."""
    due = DueWork.objects.filter(kind=DueWork.Kind.JOB, state=DueWork.State.READY)
    return worker.run_batch(list(due.values_list("job_id", flat=True)))
