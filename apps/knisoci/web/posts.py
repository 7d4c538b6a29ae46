"""Posts as a list, one post with its publications, and the receipt of each publication."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from apps.ids import parse_id
from apps.knisoci import permissions, queries
from apps.knisoci.services import posts, settling
from apps.knisoci.transitions import EDITABLE, TargetState, derived
from apps.knisoci.web import present
from apps.knisoci.web.replies import go, toast
from apps.workspaces.tenancy import reverse

VERBS: dict[str, tuple[Callable[..., Any], str]] = {
    "cancel": (posts.cancel, "Cancelled. It stays on the calendar, struck through."),
    "unschedule": (posts.unschedule, "Back to draft."),
    "publish": (posts.publish_now, "On its way."),
    "is-out": (partial(settling.confirm, is_out=True), "Noted: it is out."),
    "not-out": (partial(settling.confirm, is_out=False), "It goes out again now."),
}
PAGE = 30
FILTERS = (
    ("", "All"),
    ("draft", "Drafts"),
    ("scheduled", "Scheduled"),
    ("published", "Published"),
    ("failed", "Failed"),
)


@require_GET
def index(request: Any) -> HttpResponse:
    """Posts, newest first, by state; pages by cursor."""
    state, search = request.GET.get("state", ""), request.GET.get("q", "").strip()
    rows = queries.posts(
        state=state if state in TargetState.values else None,
        search=search,
        before=parse_id(request.GET.get("before", "")),
        limit=PAGE + 1,
    )
    tabs = [(label, f"?state={key}" if key else "?", key == state, None) for key, label in FILTERS]
    context = {
        "rows": rows[:PAGE],
        "next": rows[PAGE - 1].id if len(rows) > PAGE else None,
        "tabs": tabs,
        "state": state,
        "search": search,
        "attention": queries.needs_attention(limit=10) if not state and not search else [],
    }
    return render(request, "knisoci/posts.html", context)


@require_GET
def detail(request: Any, post: UUID) -> HttpResponse:
    """One post: where it went, how it stands there, what it earned."""
    row: Any = queries.composer(post)  # with its sheets
    targets = [sheet.target for sheet in row.sheets]
    return render(
        request,
        "knisoci/post.html",
        {
            "post": row,
            "state": derived(target.state for target in targets),
            "items": [_item(request, sheet, sheet.target) for sheet in row.sheets],
            "is_editable": not targets or any(target.state in EDITABLE for target in targets),
            "may_write": request.actor.can(permissions.WRITE),
        },
    )


@require_GET
def receipt(request: Any, target: UUID) -> HttpResponse:
    """Every call that was made for one publication, and what came of it."""
    found = queries.receipt(target)
    context = {
        "item": _item(request, found.target.variant, found.target),
        "target": found.target,
        "attempts": found.attempts,
        "lines": found.lines,
    }
    return render(request, "knisoci/receipt.html", context)


@require_POST
def act(request: Any, target: UUID, verb: str) -> HttpResponse:
    """Cancel, take back, publish now, or say what a person found on the network."""
    if verb not in VERBS:
        raise Http404("No such verb.")
    service, words = VERBS[verb]
    service(actor=request.actor, target=target)
    return toast(HttpResponse(status=204, headers={"HX-Refresh": "true"}), words)


@require_POST
def duplicate(request: Any, post: UUID) -> HttpResponse:
    row = posts.duplicate(actor=request.actor, post=post)
    return go(request, reverse("knisoci:post_edit", kwargs={"post": row.pk}))


@require_POST
def delete(request: Any, post: UUID) -> HttpResponse:
    posts.delete(actor=request.actor, post=post)
    return go(request, reverse("knisoci:posts"))


def _item(request: Any, sheet: Any, target: Any) -> dict[str, Any]:
    may = request.actor.can(permissions.PUBLISH)
    state = target.state
    return {
        "row": target,
        "sheet": sheet,
        "channel": present.channel_view(sheet.channel),
        "metrics": [(name.replace("_", " "), value) for name, value in target.metrics.items()],
        "may_cancel": may and state in (TargetState.SCHEDULED, TargetState.HELD),
        "may_retry": may and state in (TargetState.FAILED, TargetState.HELD, TargetState.MISSED),
        "may_confirm": may and state == TargetState.UNCONFIRMED,
    }
