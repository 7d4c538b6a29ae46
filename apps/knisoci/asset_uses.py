"""Which posts use a file: what the library asks before something is thrown away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import Q

from apps.knisoci.models import Variant
from apps.knisoci.transitions import TargetState
from apps.media.usage import Use
from apps.workspaces.tenancy import reverse

_OVER = frozenset({TargetState.PUBLISHED, TargetState.CANCELLED})


def uses_of(ids: Sequence[UUID]) -> Mapping[UUID, list[Use]]:
    """Posts that show one of `ids`, also in a thread. One statement."""
    wanted = Q(media__overlap=list(ids))
    for pk in ids:
        wanted |= Q(thread__contains=[{"media": [str(pk)]}])
    found: dict[UUID, dict[UUID, Use]] = {}
    rows = Variant.objects.filter(wanted).select_related("post", "target", "channel")
    for row in rows.order_by("-created_at")[:500]:
        shown = {str(pk) for pk in row.media}
        shown |= {str(pk) for piece in row.thread for pk in piece.get("media") or ()}
        for pk in ids:
            if str(pk) in shown:
                kept = found.setdefault(pk, {})
                use = _use(row)
                if row.post_id not in kept or use.is_open:
                    kept[row.post_id] = use
    return {pk: list(uses.values()) for pk, uses in found.items()}


def _use(row: Variant) -> Use:
    state = row.target.state
    return Use(
        kind="post",
        id=str(row.post_id),
        title=row.post.title or row.text[:80] or "Empty post",
        url=reverse("knisoci:post", kwargs={"post": row.post_id}),
        state=str(TargetState(state).label),
        at=row.target.published_at or row.target.due_at,
        is_open=state not in _OVER,
    )
