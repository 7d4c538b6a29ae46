"""A network's allowance is known before it refuses, by every worker, and survives lost counts."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
from django.db import connection as database
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.http import Exchange, rate_state, usage_state
from apps.integrations.models import Connection, QuotaReading, QuotaUse
from apps.integrations.providers.base import (
    Account,
    Connected,
    ErrorKind,
    ProviderError,
    QuotaState,
)
from apps.integrations.providers.capabilities import QuotaRule, RateRule
from apps.integrations.services import connections, meters, tallies, windows
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

DAY = 86_400
T = datetime(2026, 11, 21, 12, tzinfo=UTC)


def rule(**more: Any) -> QuotaRule:
    return QuotaRule(**{"name": "posts", "label": "Posts a day", "scope": "account", "limit": 3,
                        "seconds": DAY, **more})  # fmt: skip


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    """Give Mastodon the quotas and rates of a stricter network, and Valkey no memory of before."""
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    network = providers.get("mastodon")

    def set_rules(*quotas: QuotaRule, rates: tuple[RateRule, ...] = ()) -> None:
        strict = network.capabilities.model_copy(update={"quotas": quotas, "rates": rates})
        monkeypatch.setitem(network.__dict__, "capabilities", strict)

    return set_rules


def account(workspace: Any, number: str = "1") -> Connection:
    who = Account(number, f"@a{number}@one.example", "A", host="https://one.example")
    return connections.store(
        actor=Actor.system(workspace), provider="mastodon", connected=Connected(who, {"token": "x"})
    )


def spend(connection: Connection, *keys: str, **more: Any) -> list[meters.Exceeded | None]:
    return [meters.take(connection, key=key, role="post", **more) for key in keys]


class TestWindows:
    """Pure arithmetic: when is there room again?"""

    def test_a_rolling_window_frees_up_as_its_oldest_leave(self) -> None:
        uses = [(T - timedelta(hours=hours), 1) for hours in (30, 20, 10, 1)]
        found = windows.fill(rule(), uses, None, T, 1)
        assert (found.used, found.free_at) == (3, T + timedelta(hours=4))
        assert windows.fill(rule(), uses, None, T + timedelta(hours=4), 1).free_at is None
        assert windows.fill(rule(), uses, None, T, 2).free_at == T + timedelta(hours=14)

    @pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
    def test_a_daily_quota_is_full_until_midnight_there(self, zone: Any) -> None:
        uses = [(T - timedelta(hours=1), 3)]
        found = windows.fill(rule(resets=zone), uses, None, T, 1)
        local = found.free_at.astimezone(ZoneInfo(zone))  # type: ignore[union-attr]
        assert (local.hour, local.minute) == (0, 0)
        assert found.free_at > T  # type: ignore[operator]
        assert windows.fill(rule(resets=zone), uses, None, found.free_at, 1).used == 0  # type: ignore[arg-type]

    def test_what_was_made_elsewhere_counts_once_the_network_tells(self) -> None:
        uses = [(T - timedelta(hours=5), 1), (T - timedelta(minutes=10), 1)]
        told = windows.Reading(2, 3, None, T - timedelta(hours=1))  # one of ours, one of others
        assert windows.fill(rule(), uses, told, T, 1).used == 3
        less = windows.Reading(0, 3, None, T - timedelta(hours=1))  # it never counted the first
        assert windows.fill(rule(), uses, less, T, 1).used == 1
        later = T + timedelta(days=2)
        assert windows.fill(rule(), [], told, later, 1).used == 0

    def test_the_networks_own_limit_wins(self) -> None:
        told = windows.Reading(0, 1, None, T - timedelta(hours=1))
        uses = [(T - timedelta(minutes=10), 1)]
        assert windows.fill(rule(), uses, told, T, 1).free_at is not None


def test_the_last_one_that_fits_goes_and_the_next_is_told_when(
    in_workspace: Any, allow: Any
) -> None:
    allow(rule())
    mine = account(in_workspace)
    assert spend(mine, "a", "b", "c", "c", "a") == [None] * 5  # a key counts once
    full = meters.would_exceed(mine, role="post")
    assert full is not None
    assert (full.rule, full.used, full.limit) == ("posts", 3, 3)
    assert full.free_at - timezone.now() > timedelta(hours=23)
    assert spend(mine, "d") == [meters.would_exceed(mine, role="post")]
    assert QuotaUse.objects.count() == 3
    assert meters.would_exceed(mine, role="post", at=full.free_at) is None
    assert meters.would_exceed(mine, role="comment") is None
    meters.give_back(mine, "b")
    meters.give_back(mine, "b")
    assert spend(mine, "d", "e")[0] is None
    assert QuotaUse.objects.count() == 3


def test_what_is_planned_before_counts_too(in_workspace: Any, allow: Any) -> None:
    allow(rule())
    mine = account(in_workspace)
    assert meters.would_exceed(mine, role="post", planned=2) is None
    assert meters.would_exceed(mine, role="post", planned=3) is not None


def test_a_quota_of_one_format_leaves_the_others_alone(in_workspace: Any, allow: Any) -> None:
    allow(rule(name="stories", limit=1, formats=("story",)), rule(limit=2))
    mine = account(in_workspace)
    assert spend(mine, "a", format="story") == [None]
    full = meters.would_exceed(mine, role="post", format="story")
    assert full is not None
    assert full.rule == "stories"
    assert spend(mine, "b", format="image") == [None]
    assert meters.would_exceed(mine, role="post", format="image").rule == "posts"  # type: ignore[union-attr]


def test_a_quota_of_one_choice_leaves_the_others_alone(in_workspace: Any, allow: Any) -> None:
    """By the default where nothing was chosen."""
    allow(rule(name="quiet", limit=1, only_if="visibility=private"))
    mine = account(in_workspace)
    assert spend(mine, "a", options={"visibility": "private"}) == [None]
    assert meters.would_exceed(mine, role="post", options={"visibility": "private"}) is not None
    assert meters.would_exceed(mine, role="post", options={"visibility": "public"}) is None
    assert meters.would_exceed(mine, role="post") is None
    allow(rule(name="loud", limit=0, only_if="visibility=public"))
    assert meters.would_exceed(mine, role="post") is not None


def test_units_are_what_a_publication_costs(in_workspace: Any, allow: Any) -> None:
    allow(rule(limit=10_000, units=1_600, resets="America/Los_Angeles"))
    mine = account(in_workspace)
    assert spend(mine, *"abcdef") == [None] * 6
    assert spend(mine, "g")[0].used == 9_600  # type: ignore[union-attr]


def test_an_apps_quota_is_shared_by_the_workspaces_that_use_it(
    workspace: Any, other_workspace: Any, allow: Any
) -> None:
    allow(rule(scope="app"))
    for number, place in enumerate((workspace, other_workspace)):
        with workspace_context(place):
            mine = account(place)
            got = spend(mine, f"{place.slug}-1", f"{place.slug}-2", f"{place.slug}-1")
            assert [one is None for one in got] == [True, not number, True]
    with workspace_context(other_workspace):
        assert meters.would_exceed(mine, role="post") is not None
    with workspace_context(workspace):
        meters.give_back(Connection.objects.get(), "acme-1")
        meters.give_back(Connection.objects.get(), "acme-1")
    with workspace_context(other_workspace):
        assert spend(mine, "later", "too late")[0] is None
        assert meters.would_exceed(mine, role="post") is not None


def test_an_emptied_valkey_is_filled_again_by_the_networks_refusal(
    in_workspace: Any, allow: Any, settings: Any
) -> None:
    allow(rule(scope="app"))
    mine = account(in_workspace)
    spend(mine, "a", "b", "c")
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    assert meters.would_exceed(mine, role="post") is None
    tomorrow = timezone.now() + timedelta(hours=9)
    no = ProviderError(ErrorKind.QUOTA_EXHAUSTED, "Enough for today.", retry_at=tomorrow)
    meters.refused(mine, error=no, role="post")
    full = meters.would_exceed(mine, role="post")
    assert full is not None
    assert abs(full.free_at - tomorrow) < timedelta(seconds=1)


def test_a_refusal_fills_the_accounts_meter(in_workspace: Any, allow: Any) -> None:
    allow(rule(limit=50))
    mine = account(in_workspace)
    limited = ProviderError(ErrorKind.RATE_LIMITED, "Slow down.")
    meters.refused(mine, error=limited, role="post")
    assert QuotaReading.objects.count() == 0
    later = timezone.now() + timedelta(hours=3)
    no = ProviderError(ErrorKind.QUOTA_EXHAUSTED, "Enough.", retry_at=later)
    meters.refused(mine, error=no, role="post")
    assert meters.would_exceed(mine, role="post").free_at == later  # type: ignore[union-attr]
    assert meters.would_exceed(mine, role="post", at=later) is None
    assert spend(mine, "x")[0] is not None


def test_without_valkey_nothing_waits_and_nothing_is_refused(
    in_workspace: Any, allow: Any, settings: Any
) -> None:
    allow(rule(scope="app", limit=1), rates=(RateRule(scope="account", limit=1, seconds=60),))
    mine = account(in_workspace)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert spend(mine, "a", "b") == [None, None]
    meters.learn(mine, call())
    assert meters.pace(mine) is None
    assert [one.used for one in meters.meters(mine)] == [0]


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_only_as_many_publish_as_fit(workspace: Any, allow: Any) -> None:
    allow(rule(limit=7), rule(name="app", scope="app", limit=500))
    with workspace_context(workspace):
        mine = account(workspace)
    gate = threading.Barrier(20)
    got: list[bool] = []

    def work(number: int) -> None:
        with workspace_context(workspace):
            gate.wait()
            got.append(meters.take(mine, key=str(number), role="post") is None)
        database.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(got) == 20
    assert got.count(True) == 7
    with workspace_context(workspace):
        used = {meter.name: meter.used for meter in meters.meters(mine)}
    assert used == {"posts": 7, "app": 7}  # who was refused left no count behind


def call(status: int = 200, **headers: str) -> Exchange:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Exchange(timezone.now(), "GET", "https://one.example/x", status, "", 5, "", "", 0, named)


class TestCalls:
    """Rate headers are believed, and calls counted where a network sends none."""

    def test_an_empty_bucket_waits_for_its_reset(self, in_workspace: Any, allow: Any) -> None:
        allow(rates=(RateRule(scope="account", limit=300, seconds=300),))
        mine = account(in_workspace)
        reset = str(int(timezone.now().timestamp()) + 90)
        meters.learn(mine, call(x_rate_limit_limit="300", x_rate_limit_remaining="12",
                                x_rate_limit_reset=reset))  # fmt: skip
        assert meters.pace(mine) is None
        gauge = meters.meters(mine)[0]
        assert (gauge.kind, gauge.used, gauge.limit) == ("rate", 288, 300)
        meters.learn(mine, call(x_rate_limit_limit="300", x_rate_limit_remaining="0",
                                x_rate_limit_reset=reset))  # fmt: skip
        assert int(meters.pace(mine).timestamp()) == int(reset)  # type: ignore[union-attr]
        other = account(in_workspace, "2")
        assert meters.pace(other) is None

    @pytest.mark.parametrize(("after", "seconds"), [({"retry_after": "30"}, 30), ({}, 60)])
    def test_a_429_stops_everybody(
        self, in_workspace: Any, allow: Any, after: dict[str, str], seconds: int
    ) -> None:
        allow(rates=(RateRule(scope="account", limit=300, seconds=300),))
        mine = account(in_workspace)
        meters.learn(mine, call(429, **after))
        wait = meters.pace(mine) - timezone.now()  # type: ignore[operator]
        assert abs(wait.total_seconds() - seconds) < 2
        meters.learn(mine, call(200, x_ratelimit_limit="9", x_ratelimit_remaining="9"))
        assert meters.pace(mine) is None

    def test_calls_of_all_workers_fill_the_window(self, in_workspace: Any, allow: Any) -> None:
        allow(rates=(RateRule(scope="account", limit=3, seconds=86_400),))
        mine = account(in_workspace)
        for _ in range(2):
            meters.learn(mine, call())
        assert meters.pace(mine) is None
        meters.learn(mine, call())
        assert meters.pace(mine) > timezone.now()  # type: ignore[operator]

    @pytest.mark.parametrize("limits", [{3_600: 2, DAY: 100}, {3_600: 100, DAY: 2}])
    def test_a_short_and_a_long_window_of_one_group_each_hold(
        self, in_workspace: Any, allow: Any, limits: dict[int, int]
    ) -> None:
        allow(
            rates=tuple(
                RateRule(scope="account", limit=limit, seconds=seconds)
                for seconds, limit in limits.items()
            )
        )
        mine = account(in_workspace)
        meters.learn(mine, call())
        assert meters.pace(mine) is None
        meters.learn(mine, call())
        full = min(limits, key=lambda seconds: limits[seconds])
        assert meters.pace(mine) == tallies.window_end(full, datetime.now(UTC))

    def test_an_apps_usage_holds_every_account_of_the_app(
        self, in_workspace: Any, allow: Any
    ) -> None:
        allow()
        mine, other = account(in_workspace), account(in_workspace, "2")
        meters.learn(mine, call(x_app_usage='{"call_count": 40, "total_time": 99}'))
        assert meters.pace(other) is None
        meters.learn(mine, call(x_app_usage='{"call_count": 101, "total_time": 20}'))
        assert meters.pace(other) > timezone.now()  # type: ignore[operator]


def test_rate_headers_in_every_spelling() -> None:
    for name in ("x-ratelimit", "x-rate-limit", "ratelimit"):
        state = rate_state({f"{name}-limit": "100", f"{name}-remaining": "7", f"{name}-reset": "60"},
                           now=T)  # fmt: skip
        assert (state.limit, state.remaining, state.reset_at) == (100, 7, T + timedelta(minutes=1))
    business = (
        '{"17841": [{"type": "instagram", "call_count": 12, "total_time": 3, '
        '"estimated_time_to_regain_access": 0}, {"type": "pages", "call_count": 100, '
        '"estimated_time_to_regain_access": 25}]}'
    )
    found = usage_state({"x-business-use-case-usage": business}, of_app=False, now=T)
    assert found is not None
    assert (found.remaining, found.reset_at) == (0, T + timedelta(minutes=25))
    for broken in ("", "x", "[]", '{"a": {}}', '{"call_count": "many"}'):
        assert usage_state({"x-app-usage": broken}, of_app=True) is None


def test_what_the_network_tells_is_kept_by_name(in_workspace: Any, allow: Any) -> None:
    allow(rule(limit=100))
    mine = account(in_workspace)
    meters.keep_readings(mine, {"posts": QuotaState(99, 100), "unheard": QuotaState(1, 2)})
    meters.keep_readings(mine, None)
    assert QuotaReading.objects.count() == 1
    assert spend(mine, "a") == [None]
    assert meters.would_exceed(mine, role="post") is not None
    gauge = meters.meters(mine)[0]
    assert (gauge.used, gauge.limit, gauge.share, gauge.by_network) == (100, 100, 1.0, True)
