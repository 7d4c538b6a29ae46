"""What a workspace hears of its jobs: an event when a person should know, a nudge for live pages."""

from __future__ import annotations

from apps.orchestrator.engine.claims import Done
from apps.orchestrator.services.events import emit
from apps.workspaces.models import Workspace
from apps.workspaces.types import Actor

_SAYS = {
    "dead": "Gave up on “{title}”: {message}",
    "failed": "“{title}” failed: {message}",
    "unknown": "“{title}” may or may not have happened: {message}",
}


def is_notable(done: Done) -> bool:
    return done.outcome.state in _SAYS and done.outcome.attempt is not None


def notice(done: Done, workspace: Workspace) -> None:
    """Write ``job.dead``, ``job.failed`` or ``job.unknown``; success is the action's own to tell."""
    job, outcome = done.job, done.outcome
    if not is_notable(done):
        return
    from apps.orchestrator import registry

    action = registry.find(job.action)
    title = action.title if action is not None else job.action
    emit(
        actor=Actor.system(workspace),
        kind=f"job.{outcome.state}",
        subject=("job", str(job.pk)),
        summary=_SAYS[outcome.state].format(title=title, message=outcome.message),
        permission="jobs.view",
        data={
            "action": job.action,
            "about": list(job.subject) if job.subject else None,
            "code": outcome.code,
            "attempts": job.attempts,
            "fingerprint": outcome.fingerprint,
        },
    )
