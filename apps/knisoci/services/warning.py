"""Mail about a post that will not go out as it stands, while there is time to mend it."""

from __future__ import annotations

from smtplib import SMTPException, SMTPRecipientsRefused
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from apps.accounts.models import User
from apps.knisoci import permissions
from apps.knisoci.errors import MailFailed
from apps.knisoci.models import Target
from apps.knisoci.services import finding, holding
from apps.knisoci.transitions import WAITING
from apps.workspaces.models import Membership
from apps.workspaces.services.access import permissions_of
from apps.workspaces.tenancy import absolute_url, require_workspace, reverse


def send(*, target: UUID, revision: int) -> int:
    """Write to who can mend it; returns to how many. Nothing where it was changed since.

    Raises MailFailed, which is worth another try.
    """
    row = finding.get(Target, target)
    reasons = [one for one in row.flight.get("reasons", ()) if one["level"] == "red"]
    if row.revision != revision or row.state not in WAITING or not reasons:
        return 0
    messages = [_mail(row, person, reasons) for person in _people(row)]
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


def _people(target: Target) -> list[User]:
    """Who wrote it and who let it go; where neither may mend it any more, all who may publish."""
    able = [
        member.user
        for member in Membership.objects.select_related("role", "user").filter(
            workspace=require_workspace(), user__is_active=True
        )
        if permissions.PUBLISH in permissions_of(member)
    ]
    concerned = {target.post.author_id, *target.approvals.values_list("approved_by_id", flat=True)}
    return [person for person in able if person.pk in concerned] or able


def _mail(target: Target, person: User, reasons: list[dict[str, str]]) -> EmailMultiAlternatives:
    due = target.due_at.astimezone(ZoneInfo(person.time_zone)) if target.due_at else None
    context = {
        "target": target,
        "name": holding.name(target),
        "due": due,
        "zone": person.time_zone,
        "reasons": reasons,
        "workspace": require_workspace(),
        "url": absolute_url(reverse("knisoci:receipt", kwargs={"target": target.pk})),
    }
    message = EmailMultiAlternatives(
        f"{holding.name(target)} will not go out as it stands",
        render_to_string("knisoci/email/flight.txt", context),
        to=[person.email],
    )
    html = render_to_string("knisoci/email/flight.html", context)
    message.attach_alternative(html, "text/html")
    return message
