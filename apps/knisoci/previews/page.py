"""The composer's preview of an approved post, from what was kept of it."""

from __future__ import annotations

from uuid import UUID

from django.template.loader import render_to_string

from apps.knisoci import content
from apps.knisoci.models import Approval, Variant

TEMPLATE = "knisoci/compose/_preview.html"


def render(approval: Approval) -> str:
    """HTML of the composer's own template. What was edited since is not in it."""
    from apps.knisoci.web import drafts  # the line that the template is written for

    target, kept = approval.target, approval.snapshot
    as_it_was = Variant(
        post=target.post,
        channel=target.channel,
        text=kept["text"],
        language=kept["language"],
        media=[UUID(pk) for pk in kept["media"]],
        options=kept["options"],
        content_hash=approval.content_hash,
        **{name: kept[name] for name in content.SHAPE},
    )
    return render_to_string(TEMPLATE, {"line": drafts.line_of(as_it_was, target)})
