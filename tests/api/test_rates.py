"""Limits: a burst, then a steady rate, per caller and per workspace; nobody waits for a dead limiter."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from apps.workspaces.api import rates


@pytest.fixture
def tight(settings: Any) -> None:
    settings.CANDY_API_RATES = {"read": "60/3", "write": "60/2", "ai": "60/1"}


def test_headers_count_down_and_the_burst_ends(tight: None, api_for: Any, owner: Any) -> None:
    api = api_for(owner)
    left = [api.get("workspace")["RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = api.get("workspace")
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "rate_limited"
    assert refused["RateLimit-Limit"] == "3"
    assert refused["Retry-After"] == "1"


def test_each_key_has_its_own_bucket(tight: None, api_for: Any, owner: Any) -> None:
    first, second = api_for(owner), api_for(owner)
    while first.get("workspace").status_code == 200:
        pass
    assert second.get("workspace").status_code == 200


def test_a_workspace_as_a_whole_has_one_too(settings: Any, api_for: Any, owner: Any) -> None:
    settings.CANDY_API_RATES = {"read": "1/3"}  # slow: nothing comes back while the test runs
    answers = [api_for(owner).get("workspace").status_code for _ in range(13)]
    assert answers == [200] * 12 + [429]  # four times the burst of one


def test_time_gives_back(settings: Any) -> None:
    settings.CANDY_API_RATES = {"read": "600/1"}
    limiter = rates.limiter()

    def ask() -> bool:
        standing = limiter.charge(workspace_id=7, caller="time", kind="read")
        assert standing is not None
        return standing.allowed

    assert [ask(), ask()] == [True, False]
    time.sleep(0.12)
    assert ask()


def test_racing_callers_get_no_more_than_the_burst(settings: Any) -> None:
    settings.CANDY_API_RATES = {"read": "1/20"}
    limiter = rates.limiter()

    def ask(_: int) -> bool:
        standing = limiter.charge(workspace_id=7, caller="race", kind="read")
        return standing is not None and standing.allowed

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(100))) == 20


def test_without_valkey_requests_pass_and_the_log_says_so(
    api_for: Any, owner: Any, monkeypatch: Any, caplog: Any
) -> None:
    broken = rates.RateLimiter("redis://127.0.0.1:1/0")
    monkeypatch.setattr(rates, "limiter", lambda: broken)
    api = api_for(owner)
    with caplog.at_level("WARNING", logger="candy.api"):
        first, second = api.get("workspace"), api.get("workspace")
    assert (first.status_code, second.status_code) == (200, 200)
    assert "RateLimit-Limit" not in first
    assert len([r for r in caplog.records if "rate limiter unreachable" in r.message]) == 1
