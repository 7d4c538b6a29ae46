"""Reads over the voice, drafts and model spending of the current workspace."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Prefetch, QuerySet, Sum

from apps.agents.errors import DraftNotFound, NoVoice, VersionNotFound
from apps.agents.llm.prices import table
from apps.agents.llm.spending import this_month
from apps.agents.models import (
    Budget,
    Candidate,
    Draft,
    ModelKey,
    ModelUsage,
    SpendingMonth,
    VoiceProfile,
    VoiceVersion,
)


def current_version() -> VoiceVersion | None:
    """The version in use, None before anything was learned."""
    return VoiceVersion.objects.filter(pk__in=_current_ids()).first()


def _current_ids() -> QuerySet[VoiceProfile, uuid.UUID | None]:
    return VoiceProfile.objects.order_by("created_at").values_list("current_id", flat=True)[:1]


def require_version() -> VoiceVersion:
    version = current_version()
    if version is None:
        raise NoVoice("No voice was learned yet. Add a source and learn the voice first.")
    return version


def versions() -> QuerySet[VoiceVersion]:
    """Newest first, without the data, which is large."""
    return VoiceVersion.objects.defer("data").select_related("created_by")


def get_version(number: int) -> VoiceVersion:
    version = VoiceVersion.objects.filter(number=number).first()
    if version is None:
        raise VersionNotFound(f"There is no version {number} of the voice.")
    return version


def get_draft(draft_id: uuid.UUID | str) -> Draft:
    """The draft with its candidates, best first within a network. Raises DraftNotFound."""
    ordered = Candidate.objects.order_by("network", "position")
    try:
        return Draft.objects.prefetch_related(Prefetch("candidates", ordered)).get(pk=draft_id)
    except (Draft.DoesNotExist, ValueError) as error:
        raise DraftNotFound("This draft does not exist any more.") from error


def drafts() -> QuerySet[Draft]:
    return Draft.objects.all()


def model_keys() -> QuerySet[ModelKey]:
    return ModelKey.objects.all()


@dataclass(frozen=True, slots=True)
class Spending:
    """This month, in micro-dollars; `limit` None is no limit."""

    spent: int
    reserved: int
    limit: int | None
    calls: int
    prices_as_of: str

    @property
    def percent(self) -> int:
        if not self.limit:
            return 100 if self.limit == 0 else 0
        return min(100, round((self.spent + self.reserved) * 100 / self.limit))


def spending() -> Spending:
    month = SpendingMonth.objects.filter(pk=this_month()).first()
    calls = ModelUsage.objects.filter(created_at__date__gte=this_month()).exclude(outcome="refused")
    return Spending(
        spent=month.spent_micros if month else 0,
        reserved=month.reserved_micros if month else 0,
        limit=Budget.objects.values_list("monthly_micros", flat=True).first(),
        calls=calls.count(),
        prices_as_of=str(table()["as_of"]),
    )


def usage_by_model() -> list[dict[str, Any]]:
    """This month's calls, tokens and money for each model, dearest first."""
    lines = (
        ModelUsage.objects.filter(created_at__date__gte=this_month())
        .values("provider", "model", "is_priced")
        .annotate(
            calls=Count("id"),
            tokens_in=Sum("tokens_in"),
            tokens_out=Sum("tokens_out"),
            cost=Sum("cost_micros"),
        )
        .order_by("-cost", "-calls")
    )
    return [dict(line) for line in lines]


def recent_usage(limit: int = 50) -> list[ModelUsage]:
    return list(ModelUsage.objects.all()[:limit])
