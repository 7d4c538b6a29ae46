"""The composer's preview of an approved post, from what was kept of it."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from apps.knisoci import content, queries
from apps.knisoci.models import Approval

TEMPLATE = "knisoci/compose/_preview.html"
_KEPT = ("text", "language", "media", "options", *content.SHAPE)


def render(approval: Approval) -> str:
    """HTML of the composer's own template. What was edited since is not in it."""
    from apps.knisoci.web import drafts  # the form that the template is written for

    target = approval.target
    post: Any = queries.composer(target.post_id)
    sheets = [sheet for sheet in post.sheets if sheet.channel_id == target.channel_id]
    for sheet in sheets:  # in memory only
        for name in _KEPT:
            setattr(sheet, name, approval.snapshot[name])
    post.sheets = sheets
    form = drafts.of_post(post, [target.channel])
    return render_to_string(TEMPLATE, {"form": form, "line": form.lines[0]})
