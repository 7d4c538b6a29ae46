"""What networks charge Candy's app for posts, held to a monthly budget of the workspace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from apps.integrations.providers.base import Content, PublishProvider
from apps.knisoci.errors import BadBudget
from apps.knisoci.models import Target
from apps.knisoci.transitions import IN_FLIGHT, TargetState
from apps.knisoci.types import Reason
from apps.orchestrator import services as orchestrator
from apps.workspaces import permissions as workspace_permissions
from apps.workspaces.models import Workspace
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

SETTING = "network_budget_usd"
_WARN_AT = Decimal("0.8")
_MOST = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Standing:
    """US dollars of one month. `limit` None: nothing is held back."""

    limit: Decimal | None
    spent: Decimal
    planned: Decimal


def price(provider: PublishProvider, ready: Content) -> Decimal:
    """What all parts of `ready` cost together."""
    return sum((provider.price(part.content) for part in ready.parts()), Decimal(0))


def standing(*, at: datetime | None = None, other_than: Target | None = None) -> Standing:
    """The month of `at` in the workspace's zone. `planned` is what is due in it. Two statements."""
    start, end = _month(at or timezone.now())
    rows = Target.objects.exclude(pk=other_than.pk) if other_than else Target.objects.all()
    waiting = {TargetState.SCHEDULED, TargetState.HELD, *IN_FLIGHT}
    return Standing(
        limit(),
        _sum(rows.filter(published_at__gte=start, published_at__lt=end)),
        _sum(rows.filter(state__in=waiting, published_at=None, due_at__gte=start, due_at__lt=end)),
    )


def limit() -> Decimal | None:
    """US dollars a month, None where there is no budget."""
    given = require_workspace().settings.get(SETTING)
    return None if given in (None, "") else Decimal(str(given))


def set_limit(*, actor: Actor, usd: Decimal | str | None) -> Decimal | None:
    """Change the budget; None lifts it. Event budget.changed. Raises BadBudget."""
    actor.require(workspace_permissions.MANAGE_SETTINGS)
    try:
        amount = None if usd in (None, "") else Decimal(str(usd)).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise BadBudget(
            "Write an amount in US dollars, such as 25 or 12.50.", field="usd"
        ) from None
    if amount is not None and not (amount.is_finite() and 0 <= amount <= _MOST):
        raise BadBudget("A budget is between 0 and 1,000,000 US dollars.", field="usd")
    with transaction.atomic():
        row = Workspace.objects.select_for_update().get(pk=require_workspace().pk)
        row.settings = {**row.settings, SETTING: None if amount is None else str(amount)}
        row.save(update_fields=["settings"])
        require_workspace().settings = row.settings
        orchestrator.emit(
            actor=actor,
            kind="budget.changed",
            subject=("workspace", str(actor.workspace_id)),
            data={"usd": row.settings[SETTING]},
            summary="Changed the budget for what networks charge",
        )
    return amount


def reasons(target: Target, cost: Decimal) -> Iterable[Reason]:
    """What the flight check says to a target that costs `cost`. Nothing where it is free."""
    found = standing(at=target.due_at, other_than=target) if cost else None
    if found is None or found.limit is None:
        return
    total = found.spent + found.planned + cost
    if total > found.limit:
        yield Reason(
            "red",
            "budget",
            f"With this post the month would cost ${total:.2f}; the budget is ${found.limit:.2f}.",
            "knisoci.set_budget",
        )
    elif total > found.limit * _WARN_AT:
        yield Reason(
            "amber",
            "budget",
            f"With this post the month costs ${total:.2f} of ${found.limit:.2f}.",
            "knisoci.set_budget",
        )


def is_over(target: Target, cost: Decimal) -> bool:
    """Whether sending `target` now would spend more than the budget. What is planned may wait."""
    if not cost or (most := limit()) is None:
        return False
    start, end = _month(timezone.now())
    out = Target.objects.exclude(pk=target.pk)
    return _sum(out.filter(published_at__gte=start, published_at__lt=end)) + cost > most


def _sum(rows: Any) -> Decimal:
    found: Decimal | None = rows.aggregate(usd=Sum("price_usd"))["usd"]
    return found or Decimal(0)


def _month(at: datetime) -> tuple[datetime, datetime]:
    first = at.astimezone(ZoneInfo(require_workspace().time_zone or "UTC")).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    year, month = (first.year + 1, 1) if first.month == 12 else (first.year, first.month + 1)
    return first, first.replace(year=year, month=month)
