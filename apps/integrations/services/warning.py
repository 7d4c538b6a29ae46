"""Mail about an access that is lost or about to end, to whoever may connect it again."""

from __future__ import annotations

from uuid import UUID

from django.core.mail import EmailMultiAlternatives

from apps.integrations import permissions, providers
from apps.integrations.errors import ConnectionNotFound
from apps.integrations.models import Connection
from apps.orchestrator.models import Event
from apps.workspaces.services import mailing
from apps.workspaces.services.access import people_who_may
from apps.workspaces.tenancy import absolute_url, require_workspace, reverse


def send(*, connection_id: UUID, sequence: int) -> int:
    """Write what the event says; returns to how many. Nothing where it is connected again.

    Raises MailFailed, which is worth another try.
    """
    row = Connection.objects.filter(pk=connection_id).first()
    event = Event.objects.filter(sequence=sequence).first()
    if row is None or event is None:
        raise ConnectionNotFound("This connection does not exist.")
    is_lost = event.kind == "connection.expired"
    if is_lost and row.is_usable:
        return 0
    context = {
        "connection": row,
        "network": providers.of_row(row.provider).name,
        "is_lost": is_lost,
        "reason": event.summary,
        "workspace": require_workspace(),
        "url": absolute_url(reverse("integrations:repair", kwargs={"connection_id": row.pk})),
    }
    able = people_who_may(permissions.MANAGE, workspace=require_workspace())
    return mailing.send_all([_mail(person.email, context) for person in able])


def _mail(address: str, context: dict[str, object]) -> EmailMultiAlternatives:
    verb = "has to be connected again" if context["is_lost"] else "has to be connected again soon"
    return mailing.letter(
        to=address,
        subject=f"{context['connection']} on {context['network']} {verb}",
        template="integrations/email/connection",
        context=context,
    )
