"""How often a caller may ask: a token bucket (GCRA) per caller and per workspace, in one Lua step.

With Valkey down nobody is refused: a missing limiter must not become an outage. It is logged, and not
asked again for a few seconds, so that it costs no waiting either.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from typing import Any, cast

import redis
from django.conf import settings

from apps.errors import LimitExceeded

logger = logging.getLogger("candy.api")

WORKSPACE_SHARE = 4  # a workspace as a whole may do this many times what one caller may
QUIET_SECONDS = 5.0

# KEYS: buckets. ARGV: for each, microseconds that one request costs, then the burst in requests.
# Returns allowed, remaining, microseconds until full, microseconds to wait: of the tightest bucket.
# A bucket holds its theoretical arrival time; none is charged unless all of them agree.
_SCRIPT = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local wait, remaining, reset = 0, nil, 0
local arrivals = {}
for i, key in ipairs(KEYS) do
  local cost, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local arrival = math.max(tonumber(redis.call('GET', key) or '0'), now)
  local after = arrival + cost
  local early = after - cost * burst - now
  if early > 0 then
    wait = math.max(wait, early)
    after = arrival
  end
  local left = math.floor((cost * burst - (after - now)) / cost)
  if remaining == nil or left < remaining then remaining = left end
  reset = math.max(reset, after - now)
  arrivals[i] = after
end
if wait == 0 then
  for i, key in ipairs(KEYS) do
    local live = math.ceil((arrivals[i] - now) / 1000) + 1000
    redis.call('SET', key, string.format('%.0f', arrivals[i]), 'PX', live)
  end
end
return {wait == 0 and 1 or 0, remaining, math.ceil(reset), math.ceil(wait)}
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_minute`` in the long run, ``burst`` at once."""

    per_minute: int
    burst: int

    @classmethod
    def parse(cls, text: str) -> Rate:
        """``"600/100"``: 600 a minute, 100 at once."""
        per_minute, _, burst = text.partition("/")
        return cls(int(per_minute), int(burst or per_minute))

    def arguments(self, times: int = 1) -> list[int]:
        return [max(1, 60_000_000 // (self.per_minute * times)), self.burst * times]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after this request."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int
    wait_seconds: float

    def headers(self) -> dict[str, str]:
        found = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.remaining)),
            "RateLimit-Reset": str(self.reset_seconds),
        }
        if not self.allowed:
            found["Retry-After"] = str(max(1, math.ceil(self.wait_seconds)))
        return found


class RateLimiter:
    """One connection pool and one script; safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=0.25, socket_connect_timeout=0.25)
        self._script = self._client.register_script(_SCRIPT)
        self._quiet_until = 0.0

    def charge(self, *, workspace_id: int, caller: str, kind: str) -> Standing | None:
        """Take one request of ``kind`` (read, write, ai); None where the limiter is not there."""
        if time.monotonic() < self._quiet_until:
            return None
        rate = Rate.parse(settings.CANDY_API_RATES[kind])
        keys = [f"candy-rate:{workspace_id}:{kind}:{caller}"]
        arguments = rate.arguments()
        if workspace_id:
            keys.append(f"candy-rate:{workspace_id}:{kind}")
            arguments += rate.arguments(WORKSPACE_SHARE)
        try:
            answer = self._script(keys=keys, args=arguments)
        except redis.RedisError as error:
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            logger.warning("rate limiter unreachable, letting requests through: %s", error)
            return None
        allowed, remaining, reset, wait = (int(part) for part in cast("list[Any]", answer))
        return Standing(bool(allowed), rate.burst, remaining, -(-reset // 1_000_000), wait / 1e6)


_limiters: dict[str, RateLimiter] = {}


def limiter() -> RateLimiter:
    """The limiter of the Valkey that the settings name."""
    url = settings.REDIS_URL
    if url not in _limiters:
        _limiters[url] = RateLimiter(url)
    return _limiters[url]


def refused(standing: Standing) -> LimitExceeded:
    return LimitExceeded(
        "Too many requests. Wait as long as Retry-After says.",
        code="rate_limited",
        retry_after=standing.wait_seconds,
        params={"limit": standing.limit, "reset_seconds": standing.reset_seconds},
    )
