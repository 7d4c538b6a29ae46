"""Mail about an access that is lost or about to end, to whoever may connect it again."""

from __future__ import annotations

from smtplib import SMTPException, SMTPRecipientsRefused
from uuid import UUID

from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from apps.integrations import permissions, providers
from apps.integrations.errors import ConnectionNotFound, MailFailed
from apps.integrations.models import Connection
from apps.orchestrator.models import Event
from apps.workspaces.models import Membership
from apps.workspaces.services.access import permissions_of
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
    messages = [_mail(person, context) for person in _people()]
    try:
        with get_connection() as mailer:
            for message in messages:
                message.connection = mailer
                message.send()
    except SMTPRecipientsRefused as error:
        if not all(code >= 500 for code, _ in error.recipients.values()):
            raise MailFailed("The mail server does not take this mail now.") from error
    except (SMTPException, OSError) as error:
        raise MailFailed("The mail server cannot be reached.") from error
    return len(messages)


def _people() -> list[str]:
    members = Membership.objects.select_related("role", "user").filter(
        workspace=require_workspace(), user__is_active=True
    )
    return [one.user.email for one in members if permissions.MANAGE in permissions_of(one)]


def _mail(address: str, context: dict[str, object]) -> EmailMultiAlternatives:
    verb = "has to be connected again" if context["is_lost"] else "has to be connected again soon"
    message = EmailMultiAlternatives(
        f"{context['connection']} on {context['network']} {verb}",
        render_to_string("integrations/email/connection.txt", context),
        to=[address],
    )
    html = render_to_string("integrations/email/connection.html", context)
    message.attach_alternative(html, "text/html")
    return message
