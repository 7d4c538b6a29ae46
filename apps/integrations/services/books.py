"""What is counted for some accounts, read at once, and how full that makes their quotas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from apps.integrations import providers
from apps.integrations.models import Connection, QuotaReading, QuotaUse
from apps.integrations.providers.capabilities import QuotaRule
from apps.workspaces.tenancy import require_workspace

from . import apps
from .tallies import Said, Shared, bucket_at, bucket_of, tallies
from .windows import Filled, Reading, Use, fill, next_reset, window_start

Key = tuple[UUID, str]  # connection, rule


@dataclass(frozen=True, slots=True)
class Book:
    """`buckets`, `said` and `users` are of apps' quotas, by their name in Valkey."""

    uses: dict[Key, list[Use]]
    readings: dict[Key, Reading]
    buckets: dict[str, dict[int, int]]
    said: dict[str, Said]
    users: dict[str, int]

    def filled(self, connection: Connection, rule: QuotaRule, at: datetime, units: int) -> Filled:
        if rule.scope == "account":
            key = (connection.pk, rule.name)
            return fill(rule, self.uses.get(key, []), self.readings.get(key), at, units)
        return self._filled_of_app(connection, rule, at, units)

    def _filled_of_app(
        self, connection: Connection, rule: QuotaRule, at: datetime, units: int
    ) -> Filled:
        """The fuller of the whole and this workspace's share."""
        whole, *own = pots(connection, rule, at, self.users)
        filled = self._filled_pot(rule, whole, at, units)
        for pot in own:
            share = self._filled_pot(rule.model_copy(update={"limit": pot.limit}), pot, at, units)
            opens = _opens_at(rule, at)
            if share.free_at is not None and opens is not None:
                share = replace(share, free_at=min(share.free_at, opens))
            filled = max(filled, share, key=lambda one: one.free_at or at)
        said = self.said.get(whole.name)
        if said is not None and said.until is not None and said.until > at:
            return Filled(rule.limit, rule.limit, max(said.until, filled.free_at or said.until))
        return filled

    def _filled_pot(self, rule: QuotaRule, pot: Shared, at: datetime, units: int) -> Filled:
        uses = [
            (bucket_at(bucket, rule.seconds), size)
            for bucket, size in self.buckets.get(pot.name, {}).items()
            if size > 0
        ]
        return fill(rule, uses, None, at, units)


def read(connections: Sequence[Connection]) -> Book:
    """Two statements and a few questions to Valkey; fewer where nothing of the kind is counted."""
    now = timezone.now()
    rules = {row: providers.of_row(row.provider).capabilities.quotas for row in connections}
    own = [row.pk for row in connections if any(one.scope == "account" for one in rules[row])]
    spans = [one.seconds for found in rules.values() for one in found]
    users: dict[str, int] = {}
    names = {
        pot.name
        for row in connections
        for rule in rules[row]
        if rule.scope == "app"
        for pot in pots(row, rule, now, users)
    }
    uses: dict[Key, list[Use]] = defaultdict(list)
    readings: dict[Key, Reading] = {}
    if own:
        since = now - timedelta(seconds=max([86_400 + 7_200, *spans]))
        counted = QuotaUse.objects.filter(connection__in=own, at__gt=since)
        for pk, rule_name, moment, units in counted.values_list(
            "connection", "rule", "at", "units"
        ):
            uses[pk, rule_name].append((moment, units))
        readings = {
            (row.connection_id, row.rule): Reading(row.used, row.limit, row.resets_at, row.read_at)
            for row in QuotaReading.objects.filter(connection__in=own)
        }
    return Book(uses, readings, tallies().buckets(names), tallies().said(names), users)


def shared(connection: Connection, rule: QuotaRule, now: datetime) -> Shared:
    """An app's quota, which all workspaces that use the app draw from."""
    return Shared(
        name=f"{app_name(connection, 'quota')}:{rule.name}",
        first=bucket_of(window_start(rule, now), rule.seconds) - (rule.resets != "rolling"),
        bucket=bucket_of(now, rule.seconds),
        limit=rule.limit,
        units=rule.units,
        seconds=rule.seconds,
    )


def pots(
    connection: Connection, rule: QuotaRule, at: datetime, users: dict[str, int] | None = None
) -> list[Shared]:
    """What an app's quota is counted in: the whole, and this workspace's share of it.

    The workspaces that were seen lately get equal shares, so that none can take it all. Of a quota
    that ends at midnight, what is left in the last quarter of the day is anybody's. `users` keeps
    how many there are over several calls.
    """
    whole = shared(connection, rule, at)
    place = str(require_workspace().pk)
    known = {} if users is None else users
    if whole.name not in known:
        tallies().seen(whole.name, place, timezone.now())
        known[whole.name] = tallies().users(whole.name, timezone.now())
    count = known[whole.name]
    opens = _opens_at(rule, at)
    is_open = count <= 1 or (opens is not None and at >= opens)
    # Counted even while it does not bind: the next workspace to come finds it counted.
    limit = rule.limit if is_open else max(rule.units, -(-rule.limit // count))
    return [whole, replace(whole, name=f"{whole.name}:of:{place}", limit=limit)]


def _opens_at(rule: QuotaRule, at: datetime) -> datetime | None:
    """When the shares of the window that `at` lies in end; None where it rolls."""
    reset = next_reset(rule, at)
    return None if reset is None else reset - timedelta(seconds=rule.seconds / 4)


def app_name(connection: Connection, endpoint: str) -> str:
    return f"{connection.provider}:app:{apps.fingerprint(connection)}:{endpoint}"
