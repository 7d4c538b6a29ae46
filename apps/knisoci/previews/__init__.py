"""What was approved, kept to be looked at: the composer's own preview as HTML, and a screenshot of it.

Where there is no browser the picture is drawn instead and says so; the screenshot is taken when there
is one. A screenshot is never taken again.
"""

from __future__ import annotations

import hashlib
import io
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from apps.knisoci.models import Approval
from apps.knisoci.previews import document, page, picture
from apps.media.services import screenshots
from apps.workspaces.tenancy.storage import workspace_name

__all__ = ["drawn_only", "keep", "read_picture", "shown"]

Kind = Approval.Kind


def keep(approval: UUID) -> Approval | None:
    """Make what is missing of `approval`; None where its post was deleted meanwhile.

    Takes seconds: keep it out of transactions. Raises PageNotDrawn where the browser fails; what is
    drawn is kept all the same.
    """
    row = _row(approval)
    if row is None or row.picture_kind == Kind.SCREENSHOT:
        return row
    if not row.html:
        row.html = page.render(row)
        row.save(update_fields=["html"])
    try:
        if screenshots.is_possible():
            _take(row)
    finally:
        if not row.picture:
            _store(row, picture.draw(row.snapshot), Kind.DRAWN)
    return row


def _take(row: Approval) -> None:
    made = screenshots.take(
        document=document.build(row.html), select=document.SELECT, width=document.WINDOW
    )
    _store(row, made.data, Kind.SCREENSHOT)


def _store(row: Approval, data: bytes, kind: str) -> None:
    """Keep `data` under a name that says its content. Of two who do it at once the first stays."""
    with Image.open(io.BytesIO(data)) as opened:
        width, height = opened.size
    name = workspace_name(f"approvals/{hashlib.sha256(data).hexdigest()}.png")
    if not default_storage.exists(name):
        name = str(default_storage.save(name, ContentFile(data)))
    values = {
        "picture": name,
        "picture_kind": kind,
        "picture_width": width,
        "picture_height": height,
        "picture_at": timezone.now(),
    }
    Approval.objects.filter(pk=row.pk).exclude(picture_kind=Kind.SCREENSHOT).update(**values)
    row.refresh_from_db(fields=list(values))


def shown(approval: Approval) -> str:
    """Its HTML, drawn for this page only where its job has not run yet."""
    return approval.html or page.render(approval)


def read_picture(approval: Approval) -> bytes:
    """The PNG; drawn for this answer only where its job has not run yet."""
    if not approval.picture:
        return picture.draw(approval.snapshot)
    with default_storage.open(approval.picture) as file:
        data: bytes = file.read()
    return data


def drawn_only(*, after: UUID | None = None, limit: int) -> list[UUID]:
    """Approvals whose picture is drawn, oldest first. One statement."""
    rows = Approval.objects.filter(picture_kind=Kind.DRAWN)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:limit])


def _row(approval: UUID) -> Approval | None:
    return (
        Approval.objects.select_related("target__channel__connection", "target__post")
        .filter(pk=approval)
        .first()
    )
