"""The budget and the ledger: money is held back before a call and settled after it."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.agents.llm.errors import BudgetExceeded
from apps.agents.llm.prices import cost_micros
from apps.agents.llm.types import ModelRef, Usage
from apps.agents.models import Budget, ModelUsage, SpendingMonth

# Without a price a budget cannot see money, so it counts calls instead.
UNPRICED_CALLS_A_MONTH = 2_000
# A call under way for longer belongs to a process that died.
_ABANDONED_AFTER = timedelta(minutes=15)


def this_month() -> date:
    return timezone.now().date().replace(day=1)


@transaction.atomic
def reserve(
    ref: ModelRef,
    *,
    purpose: str,
    tokens_in: int,
    tokens_out: int,
    user_id: int | None,
    job_id: uuid.UUID | None = None,
) -> ModelUsage:
    """Hold the most the call can cost and open its line in the ledger.

    Locks the month's row. Raises BudgetExceeded, and then writes a refused line of its own.
    """
    cost = cost_micros(ref, tokens_in, tokens_out)
    line = ModelUsage(
        purpose=purpose,
        provider=ref.provider,
        model=ref.model,
        key_id=ref.key_id,
        user_id=user_id,
        job_id=job_id,
        is_priced=cost is not None,
        reserved_micros=cost or 0,
    )
    month, _ = SpendingMonth.objects.get_or_create(month_date=this_month())
    month = SpendingMonth.objects.select_for_update().get(pk=month.pk)
    _settle_abandoned(month)
    limit = Budget.objects.values_list("monthly_micros", flat=True).first()
    if limit is not None and _is_over(limit, month, cost):
        line.outcome = ModelUsage.Outcome.REFUSED
        line.error_code = BudgetExceeded.code
        line.reserved_micros = 0
        line.save()
        return line
    line.save()
    month.reserved_micros += line.reserved_micros
    month.save(update_fields=["reserved_micros"])
    return line


def _is_over(limit: int, month: SpendingMonth, cost: int | None) -> bool:
    if cost is not None:
        return month.spent_micros + month.reserved_micros + cost > limit
    calls = ModelUsage.objects.filter(is_priced=False, created_at__date__gte=month.month_date)
    return limit == 0 or calls.exclude(outcome="refused").count() >= UNPRICED_CALLS_A_MONTH


def refuse_if_stopped(line: ModelUsage) -> None:
    """Outside of the transaction, so that the refused line stays."""
    if line.outcome == ModelUsage.Outcome.REFUSED:
        raise BudgetExceeded(
            "The monthly budget for models is used up. Raise it in the settings, or write on with "
            "the built-in writer."
        )


@transaction.atomic
def settle(
    line: ModelUsage, ref: ModelRef, usage: Usage, *, milliseconds: int, error_code: str = ""
) -> int:
    """Book what the call really used and give back the rest; returns the cost in micro-dollars."""
    cost = cost_micros(ref, usage.tokens_in, usage.tokens_out) or 0
    line.tokens_in, line.tokens_out = usage.tokens_in, usage.tokens_out
    line.cost_micros, line.milliseconds = cost, milliseconds
    line.outcome = ModelUsage.Outcome.FAILED if error_code else ModelUsage.Outcome.OK
    line.error_code = error_code[:80]
    line.save()
    SpendingMonth.objects.filter(month_date=line.created_at.date().replace(day=1)).update(
        spent_micros=F("spent_micros") + cost,
        reserved_micros=F("reserved_micros") - line.reserved_micros,
    )
    return cost


def _settle_abandoned(month: SpendingMonth) -> None:
    """Calls whose process died count as spent in full: the provider may well have answered."""
    lost = ModelUsage.objects.filter(
        outcome=ModelUsage.Outcome.STARTED,
        created_at__lt=timezone.now() - _ABANDONED_AFTER,
        created_at__date__gte=month.month_date,
    )
    for line in lost.select_for_update():
        line.outcome, line.error_code = ModelUsage.Outcome.FAILED, "abandoned"
        line.cost_micros = line.reserved_micros
        line.save(update_fields=["outcome", "error_code", "cost_micros"])
        month.reserved_micros -= line.reserved_micros
        month.spent_micros += line.reserved_micros
    month.save(update_fields=["reserved_micros", "spent_micros"])
