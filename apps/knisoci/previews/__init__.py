"""What was approved, kept to be looked at: the composer's own preview as HTML, and a picture of it."""

from __future__ import annotations

from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from apps.knisoci.errors import TargetNotFound
from apps.knisoci.models import Approval
from apps.knisoci.previews import page, picture

__all__ = ["keep", "read_picture", "shown"]


def keep(approval: UUID) -> Approval | None:
    """Make what is missing of `approval`; None where its post was deleted meanwhile."""
    row = (
        Approval.objects.select_related("target__channel__connection", "target__post")
        .filter(pk=approval)
        .first()
    )
    if row is None:
        return None
    if not row.html:
        row.html = page.render(row)
    if not row.picture:
        drawn = ContentFile(picture.draw(row.snapshot))
        row.picture = str(default_storage.save(f"approvals/{row.pk}.png", drawn))
    row.save(update_fields=["html", "picture"])
    return row


def shown(approval: Approval) -> str:
    """Its HTML, drawn for this page only where its job has not run yet."""
    return approval.html or page.render(approval)


def read_picture(approval: UUID) -> bytes:
    """The PNG, made now where its job has not run yet. Raises TargetNotFound."""
    row = keep(approval)
    if row is None:
        raise TargetNotFound("This publication does not exist any more.")
    with default_storage.open(row.picture) as file:
        data: bytes = file.read()
    return data
