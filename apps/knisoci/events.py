"""What the suite does when something happens elsewhere."""

from __future__ import annotations

from typing import Any

from apps.integrations.models import Connection
from apps.knisoci.models import Channel, Target
from apps.knisoci.services import channels, holding, outcomes
from apps.knisoci.transitions import IN_FLIGHT, TargetState
from apps.knisoci.types import WarnInput
from apps.orchestrator import services as orchestrator
from apps.orchestrator import subscriber
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor


@subscriber(
    "knisoci.connections",
    kinds=(
        "connection.expired",
        "connection.removed",
        "connection.restored",
        "connection.recovered",
    ),
)
def follow_connection(event: Any) -> None:
    """Posts of an account that is lost are held, and go again when it is back."""
    found = Channel.objects.filter(connection=event.subject_id, is_archived=False).select_related(
        "connection"
    )
    for channel in found:
        if not channel.is_connected:
            holding.hold_channel(channel, "disconnected", is_news=False)
        else:
            channels.reconnected(actor=Actor.system(require_workspace()), channel=channel)


@subscriber("knisoci.new_connections", kinds=("connection.created", "connection.restored"))
def add_channel(event: Any) -> None:
    """A freshly connected account is a channel, however it was connected."""
    connection = Connection.objects.filter(pk=event.subject_id).first()
    if connection is not None:
        channels.add(actor=Actor.system(require_workspace()), connection=connection)


@subscriber("knisoci.jobs", kinds=("job.dead", "job.failed"))
def mind_lost_jobs(event: Any) -> None:
    """A publication whose job was given up must not stand in 'publishing' for ever."""
    job = event.data.get("job") or event.subject_id
    for target in Target.objects.filter(
        job_id=job, state__in=IN_FLIGHT | {TargetState.SCHEDULED}
    ).select_related("channel__connection", "post", "variant"):
        outcomes.give_up(target)


@subscriber("knisoci.warnings", kinds=("post.flight_red",))
def warn(event: Any) -> None:
    """A mail to who can mend it; the bell is the shell's."""
    target = Target.objects.filter(pk=event.data["target"]).first()
    if target is None:
        return
    orchestrator.enqueue(
        actor=Actor.system(require_workspace()),
        action="knisoci.warn",
        input=WarnInput(target=target.pk, revision=target.revision),
        subject=("post", str(target.post_id)),
        idempotency_key=f"flight_red:{event.sequence}",
    )
