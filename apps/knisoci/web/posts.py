"""Posts as a list, one post with its publications, and the receipt of each publication."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST, require_safe

from apps.ids import parse_id
from apps.knisoci import permissions, previews, queries
from apps.knisoci.services import approving, holding, picturing, posts, scheduling, settling
from apps.knisoci.transitions import EDITABLE, TargetState, derived
from apps.knisoci.web import drafts, present, progress
from apps.knisoci.web.replies import go, toast
from apps.workspaces.tenancy import reverse

VERBS: dict[str, tuple[Callable[..., Any], str]] = {
    "cancel": (posts.cancel, "Cancelled. It stays on the calendar, struck through."),
    "unschedule": (posts.unschedule, "Back to draft."),
    "publish": (posts.publish_now, "On its way."),
    "is-out": (partial(settling.confirm, is_out=True), "Noted: it is out."),
    "not-out": (partial(settling.confirm, is_out=False), "It goes out again now."),
    "send-rest": (scheduling.send_rest, "The rest is on its way."),
    "approve": (approving.approve, "Approved as it stands."),
    "hold": (holding.keep_back, "Held back until you let it go."),
    "let-go": (holding.let_go, "It goes out again."),
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
        "stopped": queries.open_stop(),
        "may_stop": request.actor.can(permissions.STOP),
    }
    return render(request, "knisoci/posts.html", context)


@require_GET
def detail(request: Any, post: UUID) -> HttpResponse:
    """One post: where it went, how it stands there, what it earned."""
    row: Any = queries.composer(post)  # with its sheets
    targets = [sheet.target for sheet in row.sheets]
    attempts = progress.attempts_of(targets)
    return render(
        request,
        "knisoci/post.html",
        {
            "post": row,
            "state": derived(target.state for target in targets),
            "items": [
                _item(request, sheet, sheet.target, attempts.get(sheet.target.pk, ()))
                for sheet in row.sheets
            ],
            "stopped": queries.open_stop(),
            "may_stop": request.actor.can(permissions.STOP),
            "is_editable": not targets or any(target.state in EDITABLE for target in targets),
            "may_write": request.actor.can(permissions.WRITE),
        },
    )


@require_GET
def receipt(request: Any, target: UUID) -> HttpResponse:
    """Every call that was made for one publication, and what came of it."""
    found = queries.receipt(target)
    approval = approving.latest(found.target)
    job = picturing.job_of(approval) if approval and not approval.is_screenshot else None
    context = {
        "item": _item(request, found.target.variant, found.target, found.attempts),
        "approval": approval,
        "frozen": previews.shown(approval) if approval else "",
        "taking": job if job is not None and not job.has_ended else None,
        "is_due": job is not None and job.run_at <= timezone.now(),
        "failed_at": job if job is not None and job.has_ended else None,
        "line": drafts.line_of(found.target.variant, found.target),
        "target": found.target,
        "attempts": found.attempts,
        "lines": found.lines,
    }
    return render(request, "knisoci/receipt.html", context)


@require_safe
def approval_picture(request: Any, target: UUID, approval: UUID) -> HttpResponse:
    """The PNG of what was approved: a screenshot never changes, what is drawn may give way to one."""
    request.actor.require("workspace.view")
    found = queries.approval(target, approval)
    answer = HttpResponse(previews.read_picture(found), content_type="image/png")
    lasting = "private, max-age=31536000, immutable"
    answer["Cache-Control"] = lasting if found.is_screenshot else "private, no-cache"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


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


def _item(request: Any, sheet: Any, target: Any, attempts: Any) -> dict[str, Any]:
    may = request.actor.can(permissions.PUBLISH)
    state = target.state
    held = state == TargetState.HELD
    return {
        "row": target,
        "sheet": sheet,
        "channel": present.channel_view(sheet.channel),
        "parts": progress.parts(sheet, target, attempts),
        "flight": target.flight if state in EDITABLE else {},
        "held": holding.MESSAGES.get(target.hold_reason, "") if held else "",
        "metrics": [(name.replace("_", " "), value) for name, value in target.metrics.items()],
        "may_cancel": may and state in (TargetState.SCHEDULED, TargetState.HELD),
        "may_hold": may and state == TargetState.SCHEDULED,
        "may_let_go": may and held,
        "may_retry": may and state in (TargetState.FAILED, TargetState.HELD, TargetState.MISSED),
        "may_confirm": may and state == TargetState.UNCONFIRMED,
        "may_send_rest": may and target.is_incomplete,
    }
