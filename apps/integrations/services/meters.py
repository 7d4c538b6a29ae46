"""Rate and quota meters: will the network take one more, how full are we, when may we call again?

Quotas (publications in a window) of an account are counted in PostgreSQL and corrected by what the
network tells; those of an app are shared by all workspaces that use it and counted in Valkey, like
the calls (see `tallies` for what happens when that is emptied). What a network allows is in its
capability file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.http import Exchange, GuardedClient, rate_state, retry_at, usage_state
from apps.integrations.models import Connection, QuotaReading, QuotaUse
from apps.integrations.providers import checks
from apps.integrations.providers.base import ErrorKind, ProviderError, PublishProvider, QuotaState
from apps.integrations.providers.capabilities import QuotaRule, RateRule
from apps.integrations.providers.types import Account, Credentials, Role
from apps.workspaces.tenancy import require_workspace

from . import books
from .tallies import Said, Window, tallies, window_end
from .windows import next_reset

KEEP = timedelta(days=8)
_UNTOLD = timedelta(seconds=60)  # how long a 429 that names no time is taken to last


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A quota without room. `free_at` is when one more fits, as far as we know."""

    rule: str
    label: str
    used: int
    limit: int
    free_at: datetime


@dataclass(frozen=True, slots=True)
class Meter:
    """One gauge. `kind` "quota" counts publications, "rate" calls; `by_network`: it told us itself.

    `limit` 0: the network asks us to wait until `resets_at` and says no figure. `in_percent`: the
    network tells a share only, so `limit` is 100.
    """

    name: str
    label: str
    kind: Literal["quota", "rate"]
    scope: str
    used: int
    limit: int
    resets_at: datetime | None
    by_network: bool = False
    in_percent: bool = False

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return min(1.0, self.used / self.limit) if self.limit else 1.0


def rules_of(
    connection: Connection, role: Role, format: str, options: Mapping[str, Any] | None = None
) -> list[QuotaRule]:
    """The quotas that a publication of this kind, with these options, draws from."""
    facts = providers.of_row(connection.provider).capabilities
    return [
        rule
        for rule in facts.quotas
        if rule.role == role
        and (not rule.formats or format in rule.formats)
        and checks.counts(rule, options or {}, facts)
    ]


def would_exceed(
    connection: Connection,
    *,
    role: Role,
    format: str = "",
    options: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    planned: int = 0,
) -> Exceeded | None:
    """The quota that one more publication at `at` (now, if not given) would go over, if any.

    `planned` publications of the same kind are to go out before it. Of several full quotas the one
    that has room last. Counts nothing.
    """
    at = at or timezone.now()
    rules = rules_of(connection, role, format, options)
    if not rules:
        return None
    book = books.read([connection])
    full = [
        found
        for rule in rules
        if (found := _exceeded(book, connection, rule, at, rule.units * (planned + 1)))
    ]
    return max(full, key=lambda one: one.free_at, default=None)


def take(
    connection: Connection,
    *,
    key: str,
    role: Role,
    format: str = "",
    options: Mapping[str, Any] | None = None,
) -> Exceeded | None:
    """Count a publication, once for each `key`, or say which quota has no room for it.

    Safe between workers: of two who want the last one, one gets it. Nothing is counted when it says
    no. Call it right before the publication is sent; joins the caller's transaction.
    """
    rules = rules_of(connection, role, format, options)
    if not rules:
        return None
    key = key[:100]
    with transaction.atomic():
        _queue_up(connection)
        now = timezone.now()
        counted = set(
            QuotaUse.objects.filter(connection=connection, key=key).values_list("rule", flat=True)
        )
        own = [one for one in rules if one.scope == "account" and one.name not in counted]
        book = books.read([connection])
        for rule in own:
            if full := _exceeded(book, connection, rule, now, rule.units):
                return full
        shared = [
            (rule, pot)
            for rule in rules
            if rule.scope == "app"
            for pot in books.pots(connection, rule, now)
        ]
        refused = tallies().take([one for _, one in shared], key) if shared else None
        if refused is not None:
            rule = next(rule for rule, one in shared if one == refused)
            again = books.read([connection])
            return _exceeded(again, connection, rule, now, rule.units) or Exceeded(
                rule.name, rule.label, rule.limit, rule.limit, now + _UNTOLD
            )
        QuotaUse.objects.bulk_create(
            QuotaUse(connection=connection, rule=rule.name, key=key, units=rule.units, at=now)
            for rule in {rule.name: rule for rule in own}.values()
        )
    return None


def give_back(connection: Connection, key: str) -> None:
    """The publication was refused or never sent: it does not count. Safe to call twice."""
    QuotaUse.objects.filter(connection=connection, key=key[:100]).delete()
    now = timezone.now()
    quotas = providers.of_row(connection.provider).capabilities.quotas
    shared = [
        pot for rule in quotas if rule.scope == "app" for pot in books.pots(connection, rule, now)
    ]
    if shared:
        tallies().give_back(shared, key[:100])


def refused(
    connection: Connection,
    *,
    error: ProviderError,
    role: Role,
    format: str = "",
    options: Mapping[str, Any] | None = None,
) -> None:
    """The network says that a quota is full: believe it until it resets. Other errors are ignored.

    This is what fills the meters again after a count was lost.
    """
    if error.kind is not ErrorKind.QUOTA_EXHAUSTED:
        return
    now = timezone.now()
    rules = rules_of(connection, role, format, options)
    own = [rule for rule in rules if rule.scope == "account"]
    for rule in own or rules:
        until = error.retry_at or next_reset(rule, now) or now + timedelta(hours=1)
        if rule.scope == "account":
            keep_reading(connection, rule, QuotaState(rule.limit, rule.limit, until))
        else:
            said = {books.shared(connection, rule, now).name: Said(rule.limit, 0, until, until)}
            tallies().heard(calls=(), said=said, now=now)


def read(
    connection: Connection, credentials: Credentials, account: Account, client: GuardedClient
) -> None:
    """Ask the network for its own figures, where it has them; no answer is no harm."""
    try:
        told = providers.of_row(connection.provider).read_quota(credentials, account, client)
    except ProviderError:
        return
    keep_readings(connection, told)


def keep_readings(connection: Connection, told: Mapping[str, QuotaState] | None) -> None:
    """Store what `read_quota` said, by rule name; names without a rule are ignored."""
    known = {rule.name: rule for rule in providers.of_row(connection.provider).capabilities.quotas}
    for name, state in (told or {}).items():
        if name in known:
            keep_reading(connection, known[name], state)


def keep_reading(connection: Connection, rule: QuotaRule, state: QuotaState) -> None:
    QuotaReading.objects.update_or_create(
        connection=connection,
        rule=rule.name,
        defaults={
            "used": max(0, state.used),
            "limit": max(0, state.limit),
            "resets_at": state.resets_at,
            "read_at": timezone.now(),
        },
    )


def learn(connection: Connection, exchange: Exchange) -> None:
    """Count one call and keep what its answer's headers say. Never raises, writes no row."""
    network = providers.of_row(connection.provider)
    now = datetime.now(UTC)
    endpoint = network.endpoint_of(exchange.method, exchange.url)
    rules = _rates(network, endpoint)
    calls = {_window(connection, network, rule) for rule in rules}
    headers = {name.lower(): value for name, value in exchange.headers.items()}
    said: dict[str, Said] = {}
    state = usage_state(headers, of_app=False, now=now) or rate_state(headers, now=now)
    until = retry_at(headers, now=now) if exchange.status in (429, 503) else None
    if exchange.status == 429 and until is None:
        until = now + _UNTOLD
    if state.remaining == 0:
        until = until or state.reset_at
    if state.limit is not None or until is not None:
        name = _told_about(connection, network, endpoint)
        said[name] = Said(state.limit, state.remaining, state.reset_at, until, state.in_percent)
    if app := usage_state(headers, of_app=True, now=now):
        rests = (app.reset_at or now + timedelta(minutes=5)) if not app.remaining else None
        said[books.app_name(connection, "all")] = Said(
            app.limit, app.remaining, app.reset_at, rests, app.in_percent
        )
    tallies().heard(calls=calls, said=said, now=now)
    for rule in network.capabilities.quotas:
        if rule.scope == "app":  # it lives, so it has a share
            name = books.shared(connection, rule, now).name
            tallies().seen(name, str(require_workspace().pk), now)


def pace(connection: Connection, endpoint: str = "all") -> datetime | None:
    """When a call to `endpoint` may be made, None for at once.

    Knows what the network said last and how many calls all workers made in its windows.
    """
    network = providers.of_row(connection.provider)
    now = datetime.now(UTC)
    names = {
        _told_about(connection, network, endpoint),
        _told_about(connection, network, "all"),
        books.app_name(connection, "all"),
    }
    waits = [one.until for one in tallies().said(names).values() if one.until and one.until > now]
    rules = [(rule, _window(connection, network, rule)) for rule in _rates(network, endpoint)]
    made = tallies().counted({window for _, window in rules}, now)
    waits += [window_end(rule.seconds, now) for rule, window in rules if made[window] >= rule.limit]
    return max(waits, default=None)


def meters(connection: Connection) -> list[Meter]:
    """All gauges of an account, quotas first."""
    return meters_of([connection])[connection.pk]


def meters_of(connections: Sequence[Connection]) -> dict[UUID, list[Meter]]:
    """All gauges by connection, in two statements and two questions to Valkey."""
    now = timezone.now()
    book = books.read(connections)
    names = {row.pk: _told_names(row) for row in connections}
    said = tallies().said({name for told in names.values() for name in told})
    found: dict[UUID, list[Meter]] = {}
    for row in connections:
        # Rules of one name are one meter that several roles draw from.
        quotas = {one.name: one for one in providers.of_row(row.provider).capabilities.quotas}
        found[row.pk] = [_gauge(book, row, rule, now) for rule in quotas.values()]
    for pk, told in names.items():
        for name, about in told.items():
            if name in said and (gauge := _rate_gauge(*about, said[name], now)):
                found[pk].append(gauge)
    return found


def _gauge(book: books.Book, row: Connection, rule: QuotaRule, now: datetime) -> Meter:
    filled = book.filled(row, rule, now, rule.units)
    reading = book.readings.get((row.pk, rule.name))
    told = reading is not None and now < reading.until(rule)
    resets = filled.free_at or next_reset(rule, now)
    return Meter(
        rule.name, rule.label, "quota", rule.scope, filled.used, filled.limit, resets, told
    )


def _told_names(row: Connection) -> dict[str, tuple[str, str, str]]:
    """Where headers of an account's calls are kept, with scope, group of calls and its words."""
    network = providers.of_row(row.provider)
    words = {"all": ""} | {rule.endpoint: rule.label for rule in network.capabilities.rates}
    own = {_told_about(row, network, one): ("account", one, words[one]) for one in words}
    return own | {books.app_name(row, "all"): ("app", "all", "")}


def _rate_gauge(scope: str, endpoint: str, words: str, said: Said, now: datetime) -> Meter | None:
    """What the network said about calls, where that still holds.

    Full while it asks us to wait, also where it says no more than that: then the limit is 0.
    """
    rests = said.until if said.until is not None and said.until > now else None
    over = said.reset_at is not None and said.reset_at <= now
    if rests is None and (not said.limit or said.remaining is None or over):
        return None
    label = "Calls" if scope == "account" else "Calls of the app"
    if words:
        label += f": {words}"
    limit = said.limit or 0
    used = limit if rests else max(0, limit - (said.remaining or 0))
    name = f"calls.{endpoint}" if scope == "account" else f"calls.{scope}"
    resets_at = rests or said.reset_at
    return Meter(name, label, "rate", scope, used, limit, resets_at, True, said.in_percent)


def purge() -> int:
    """Forget what no window reaches any more; returns how many rows."""
    return QuotaUse.objects.filter(at__lt=timezone.now() - KEEP).delete()[0]


def _exceeded(
    book: books.Book, connection: Connection, rule: QuotaRule, at: datetime, units: int
) -> Exceeded | None:
    filled = book.filled(connection, rule, at, units)
    if filled.free_at is None:
        return None
    return Exceeded(rule.name, rule.label, filled.used, filled.limit, filled.free_at)


def _queue_up(connection: Connection) -> None:
    """One at a time for an account, until the transaction ends. Not the row: refreshes hold that."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [connection.pk.int & (2**63 - 1)])


def _rates(network: PublishProvider, endpoint: str) -> list[RateRule]:
    return [one for one in network.capabilities.rates if one.endpoint in ("all", endpoint)]


def _window(connection: Connection, network: PublishProvider, rule: RateRule) -> Window:
    """What a rule's calls count in: whose they are, which group of calls, and for how long."""
    if rule.scope == "app":
        name = books.app_name(connection, rule.endpoint)
    elif rule.scope == "address":
        name = f"{network.key}:from-here:{connection.host}:{rule.endpoint}"
    else:
        name = f"{network.key}:{connection.pk}:{rule.endpoint}"
    return Window(name, rule.seconds)


def _told_about(connection: Connection, network: PublishProvider, endpoint: str) -> str:
    """Where headers of an account's calls are kept."""
    known = {rule.endpoint for rule in network.capabilities.rates}
    return f"{network.key}:{connection.pk}:{endpoint if endpoint in known else 'all'}"
