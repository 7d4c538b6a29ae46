"""Mail about a post that will not go out as it stands, while there is time to mend it."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.mail import EmailMultiAlternatives

from apps.accounts.models import User
from apps.knisoci import permissions
from apps.knisoci.models import Target
from apps.knisoci.services import finding, holding
from apps.knisoci.transitions import WAITING
from apps.workspaces.services import mailing
from apps.workspaces.services.access import people_who_may
from apps.workspaces.tenancy import absolute_url, require_workspace, reverse


def send(*, target: UUID, revision: int) -> int:
    """Write to who can mend it; returns to how many. Nothing where it was changed since.

    Raises MailFailed, which is worth another try.
    """
    row = finding.get(Target, target)
    reasons = [one for one in row.flight.get("reasons", ()) if one["level"] == "red"]
    if row.revision != revision or row.state not in WAITING or not reasons:
        return 0
    return mailing.send_all([_mail(row, person, reasons) for person in _people(row)])


def _people(target: Target) -> list[User]:
    """Who wrote it and who let it go; where neither may mend it any more, all who may publish."""
    able = people_who_may(permissions.PUBLISH, workspace=require_workspace())
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
    return mailing.letter(
        to=person.email,
        subject=f"{holding.name(target)} will not go out as it stands",
        template="knisoci/email/flight",
        context=context,
    )
