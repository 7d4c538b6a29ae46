"""Counters in Valkey that all workers and workspaces share: calls in a window, an app's quotas.

Nothing here is the truth: it spares calls that the network would refuse. When Valkey is away or was
emptied, everything counts from nothing, calls go out, and the network's own refusals and headers
fill the meters again. No answer is waited for longer than a quarter of a second.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis
from django.conf import settings

logger = logging.getLogger("candy.integrations")

QUIET_SECONDS = 5.0
FORGET_SECONDS = 8 * 86_400
BUCKETS = 1440  # a window is counted in so many pieces: minutes, for a day

# KEYS: for each quota its buckets and the note of this key. ARGV: now, then for each quota the first
# bucket that counts, this bucket, limit, units, seconds to live. Returns 0, or the number of the
# quota that is full. Nothing is counted unless all have room; a key that was counted counts once.
_TAKE = """
local n = #KEYS / 2
for i = 1, n do
  local first, limit, units = tonumber(ARGV[5*i-4]), tonumber(ARGV[5*i-2]), tonumber(ARGV[5*i-1])
  if redis.call('EXISTS', KEYS[2*i]) == 0 then
    local used, all = 0, redis.call('HGETALL', KEYS[2*i-1])
    for j = 1, #all, 2 do
      if tonumber(all[j]) > first then used = used + tonumber(all[j+1])
      elseif tonumber(all[j]) < first - 1440 then redis.call('HDEL', KEYS[2*i-1], all[j]) end
    end
    if used + units > limit then return i end
  end
end
for i = 1, n do
  local bucket, units, live = ARGV[5*i-3], ARGV[5*i-1], ARGV[5*i]
  if redis.call('SET', KEYS[2*i], bucket .. ':' .. units, 'NX', 'EX', live) then
    redis.call('HINCRBY', KEYS[2*i-1], bucket, units)
    redis.call('EXPIRE', KEYS[2*i-1], live)
  end
end
return 0
"""
_GIVE_BACK = """
for i = 1, #KEYS / 2 do
  local note = redis.call('GETDEL', KEYS[2*i])
  if note then
    local bucket, units = string.match(note, '^(%-?%d+):(%d+)$')
    redis.call('HINCRBY', KEYS[2*i-1], bucket, -tonumber(units))
  end
end
return 0
"""


@dataclass(frozen=True, slots=True)
class Shared:
    """One quota that several workspaces draw from. `first` and `bucket` number pieces of time."""

    name: str
    first: int
    bucket: int
    limit: int
    units: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Window:
    """Calls of a group, counted from one whole multiple of ``seconds`` to the next."""

    name: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Said:
    """What a network said last about a group of calls. `until` says not to call before."""

    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None
    until: datetime | None = None
    in_percent: bool = False


class Tallies:
    """One connection pool; safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url, socket_timeout=0.25, socket_connect_timeout=0.25, decode_responses=True
        )
        self._take = self._client.register_script(_TAKE)
        self._give_back = self._client.register_script(_GIVE_BACK)
        self._quiet_until = 0.0

    def take(self, quotas: Sequence[Shared], key: str) -> Shared | None:
        """Count `key` against all of them, or against none; returns the one that is full."""
        arguments = [
            part
            for one in quotas
            for part in (one.first, one.bucket, one.limit, one.units, one.seconds + 3600)
        ]
        number = self._ask(lambda: self._take(keys=_note_keys(quotas, key), args=arguments))
        return quotas[int(number) - 1] if number else None

    def give_back(self, quotas: Sequence[Shared], key: str) -> None:
        self._ask(lambda: self._give_back(keys=_note_keys(quotas, key), args=[]))

    def buckets(self, names: Iterable[str]) -> dict[str, dict[int, int]]:
        """Units by piece of time, for each quota."""
        wanted = list(names)
        found = self._hashes([_quota_key(name) for name in wanted])
        return {
            name: {int(bucket): int(units) for bucket, units in one.items()}
            for name, one in zip(wanted, found, strict=False)
        }

    def seen(self, name: str, who: str, now: datetime) -> None:
        """`who` draws from the quotas of `name`; forgotten after `FORGET_SECONDS` of silence."""

        def act() -> None:
            pipe = self._client.pipeline(transaction=False)
            pipe.zadd(_users_key(name), {who: now.timestamp()})
            pipe.expire(_users_key(name), FORGET_SECONDS)
            pipe.execute()

        self._ask(act)

    def users(self, name: str, now: datetime) -> int:
        """How many were seen lately; 1 where nobody knows."""
        since = now.timestamp() - FORGET_SECONDS
        return int(self._ask(lambda: self._client.zcount(_users_key(name), since, "+inf")) or 1)

    def heard(self, *, calls: Collection[Window], said: Mapping[str, Said], now: datetime) -> None:
        """Count one call in each window of `calls`, and keep what was said."""

        def act() -> None:
            pipe = self._client.pipeline(transaction=False)
            for window in calls:
                key = _window_key(window, now)
                pipe.incr(key)
                pipe.expire(key, window.seconds + 60)
            for name, one in said.items():
                pipe.hset(_said_key(name), mapping=_as_fields(one))
                if one.until is None:
                    pipe.hdel(_said_key(name), "until")
                ends = max(one.until or now, one.reset_at or now)
                pipe.expire(_said_key(name), max(900, int((ends - now).total_seconds()) + 60))
            pipe.execute()

        if calls or said:
            self._ask(act)

    def said(self, names: Iterable[str]) -> dict[str, Said]:
        wanted = list(names)
        found = self._hashes([_said_key(name) for name in wanted])
        return {name: _from_fields(one) for name, one in zip(wanted, found, strict=False) if one}

    def _hashes(self, keys: list[str]) -> list[dict[str, str]]:
        def act() -> list[dict[str, str]]:
            pipe = self._client.pipeline(transaction=False)
            for key in keys:
                pipe.hgetall(key)
            return pipe.execute()

        return (self._ask(act) or []) if keys else []

    def counted(self, calls: Collection[Window], now: datetime) -> dict[Window, int]:
        """Calls so far, in the turn of each window that `now` lies in."""
        keys = [_window_key(window, now) for window in calls]
        found = self._ask(lambda: self._client.mget(keys)) if keys else None
        return {
            window: int(value or 0)
            for window, value in zip(calls, found or [0] * len(keys), strict=True)
        }

    def _ask(self, act: Any) -> Any:
        """The answer, or None where Valkey is away."""
        if time.monotonic() < self._quiet_until:
            return None
        try:
            return act()
        except redis.RedisError as error:
            self._quiet_until = time.monotonic() + QUIET_SECONDS
            logger.warning("call meters unreachable, counting from nothing: %s", error)
            return None


def window_end(seconds: int, now: datetime) -> datetime:
    number = int(now.timestamp()) // seconds
    return datetime.fromtimestamp((number + 1) * seconds, UTC)


def bucket_of(at: datetime, seconds: int) -> int:
    """The piece of a window of `seconds` that `at` lies in."""
    return int(at.timestamp() // max(1, seconds // BUCKETS))


def bucket_at(bucket: int, seconds: int) -> datetime:
    """The end of the piece: from then on it has surely begun to count."""
    return datetime.fromtimestamp((bucket + 1) * max(1, seconds // BUCKETS), UTC)


def _note_keys(quotas: Sequence[Shared], key: str) -> list[str]:
    return [
        name for one in quotas for name in (_quota_key(one.name), f"{_quota_key(one.name)}:{key}")
    ]


def _quota_key(name: str) -> str:
    return f"candy-quota:{name}"


def _users_key(name: str) -> str:
    return f"candy-quota-users:{name}"


def _said_key(name: str) -> str:
    return f"candy-said:{name}"


def _window_key(window: Window, now: datetime) -> str:
    turn = int(now.timestamp()) // window.seconds
    return f"candy-calls:{window.name}:{window.seconds}:{turn}"


def _as_fields(said: Said) -> dict[Any, Any]:
    moments = {"reset_at": said.reset_at, "until": said.until}
    numbers = {"limit": said.limit, "remaining": said.remaining}
    return {
        **{name: str(value) for name, value in numbers.items() if value is not None},
        **{name: str(value.timestamp()) for name, value in moments.items() if value is not None},
        "in_percent": "1" if said.in_percent else "",
        "at": str(time.time()),
    }


def _from_fields(fields: Mapping[str, str]) -> Said:
    def number(name: str) -> int | None:
        return int(fields[name]) if name in fields else None

    def moment(name: str) -> datetime | None:
        return datetime.fromtimestamp(float(fields[name]), UTC) if name in fields else None

    return Said(
        number("limit"),
        number("remaining"),
        moment("reset_at"),
        moment("until"),
        in_percent=bool(fields.get("in_percent")),
    )


_tallies: dict[str, Tallies] = {}


def tallies() -> Tallies:
    """The counters of the Valkey that the settings name."""
    url = settings.REDIS_URL
    if url not in _tallies:
        _tallies[url] = Tallies(url)
    return _tallies[url]
