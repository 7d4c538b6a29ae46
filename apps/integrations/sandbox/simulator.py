"""What every simulated network shares: scenarios, counting and growing numbers.

`POST /<key>/_control` with JSON switches what happens to the calls that publish:

    {"scenario": "accept_then_drop", "rate": 0.3, "seed": 7, "account": "maren"}

`account` limits it to one account, `rate` to a share of the calls. `point` names the kind of call
that a fault hits (default "publish"; simulators name others, such as "upload", "container" or
"comment"; "post" stands for all that readers see), and `nth` the only one of those calls since then,
counted from 1. Without `scenario` only the clock and the latency change. `latency` holds up every
answer by so many seconds. `GET /<key>/_state` counts.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar

from . import pages
from .feed import FeedPost
from .kernel import Cut, Request, Response, Router, json_response
from .store import Store

# On the publishing call only. "mixed" draws one of FAULTS each time.
FAULTS = ("accept_then_drop", "error_after_accept", "error_before_accept", "rate_limit", "slow")
# On every call that needs credentials, or on every call at all.
EVERYWHERE = ("expired", "revoked", "down")
# What a network may be in; simulators that know the thing ask `is_on`.
STATES = (
    "container_error",  # processing ends in the network's error
    "quota_full",  # no more posts today
    "expire_polling",  # the token ends while something is being processed
    "dead_metric",  # a metric's name that the network has ended spoils the call
    "slow_processing",  # uploads and containers take `seconds` to be ready
    "unreadable",  # reading own posts is refused
)
# Points that stand for several: what readers see, and every changing call.
SHOWN = ("publish", "thread", "comment")
GROUPS = {"post": SHOWN}
SCENARIOS = ("success", "mixed", "duplicate", *FAULTS, *EVERYWHERE, *STATES)


@dataclass
class Scenario:
    """`seconds` is the delay of "slow" and the wait that "rate_limit" asks for."""

    name: str = "success"
    rate: float = 1.0
    seconds: float = 2.0
    since: float = 0.0
    point: str = "publish"
    nth: int = 0  # 0: every call
    seen: int = 0


class Simulator(ABC):
    """One network. Subclasses add routes and say how the network words its refusals."""

    key: ClassVar[str]
    name: ClassVar[str]

    def __init__(self, store: Store) -> None:
        self.store = store
        self.router = Router()
        self.requests: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.clock_offset = 0.0
        self.latency = 0.0
        self._default = Scenario()
        self._by_account: dict[str, Scenario] = {}
        self._random = random.Random(1)
        self.router.add("POST", "/_control", self._control)
        self.router.add("GET", "/_state", self._state)

    @abstractmethod
    def refusal(self, fault: str, seconds: float) -> Response:
        """The network's own answer for rate_limit, duplicate and the two errors."""

    @abstractmethod
    def feed_post(self, post: Any, base: str) -> FeedPost:
        """A stored post as a reader of the network sees it."""

    def feed(self, base: str, limit: int = 40) -> list[FeedPost]:
        """The newest posts of all accounts; those with a "reply_to" stand below what they answer."""
        newest = self.store.posts(self.key, limit=limit * 4)
        tops = [post for post in newest if not post.get("reply_to")]
        return [self.feed_post(post, base) for post in tops[:limit]]

    def answers_to(self, post: Any, account: str) -> list[Any]:
        """The rest of a thread and comments, oldest first: posts whose "root" is this post's id."""
        recent = self.store.posts(self.key, account, limit=200)
        return [one for one in reversed(recent) if one.get("root") == post["id"]]

    def page(self, post: Any, base: str) -> Response:
        """The post's own page: what a permalink leads to."""
        return pages.single(self.name, self.key, self.feed_post(post, base) if post else None)

    async def __call__(self, request: Request) -> Response:
        if request.path not in ("/_control", "/_state"):
            self.requests["all"] += 1
            if self.latency:
                await asyncio.sleep(self.latency)
            if self._default.name == "down" and self._hits(self._default):
                self.faults["down"] += 1
                raise Cut
        handler = self.router.find(request)
        if handler is None:
            return json_response({"error": "Not Found"}, 404)
        return await handler(request)

    def now(self) -> float:
        return time.time() + self.clock_offset

    def scenario(self, account: str) -> Scenario:
        return self._by_account.get(account, self._default)

    def _hits(self, scenario: Scenario) -> bool:
        return scenario.rate >= 1 or self._random.random() < scenario.rate

    def lost_access(self, account: str, issued_at: float) -> str:
        """ "expired" or "revoked" for a token that the scenario has ended, else nothing."""
        scenario = self.scenario(account)
        if scenario.name in ("expired", "revoked") and issued_at <= scenario.since:
            self.faults[scenario.name] += 1
            return scenario.name
        return ""

    def is_on(self, name: str, account: str) -> bool:
        """Whether the network is in state `name` for this account. Counts it as a fault."""
        scenario = self.scenario(account)
        if scenario.name != name or not self._hits(scenario):
            return False
        self.faults[name] += 1
        return True

    async def publish(self, account: str, accept: Callable[[], Response]) -> Response:
        """The call that makes a post public; see `step`."""
        return await self.step("publish", account, accept)

    async def step(self, point: str, account: str, accept: Callable[[], Response]) -> Response:
        """Run a changing call under the scenario; `accept` stores and answers, or refuses.

        Scenarios that name another point leave it alone.
        """
        self.requests[point] += 1
        scenario = self.scenario(account)
        fault = scenario.name if self._strikes(scenario, point) else "success"
        if fault == "mixed":
            fault = self._random.choice(FAULTS)
        if fault == "success" or fault in ("expired", "revoked") or fault in STATES:
            return accept()
        self.faults[fault] += 1
        if fault == "down":
            raise Cut
        if fault == "slow":
            await asyncio.sleep(scenario.seconds)
            return accept()
        if fault in ("accept_then_drop", "error_after_accept"):
            answer = accept()
            if answer.status >= 400:
                return answer
            if fault == "accept_then_drop":
                raise Cut
        return self.refusal(fault, scenario.seconds)

    def _strikes(self, scenario: Scenario, point: str) -> bool:
        if point not in GROUPS.get(scenario.point, (scenario.point,)) or not self._hits(scenario):
            return False
        scenario.seen += 1
        return scenario.nth in (0, scenario.seen)

    async def _control(self, request: Request) -> Response:
        data = request.json()
        name = data.get("scenario", "success")
        if name not in SCENARIOS:
            return json_response({"error": f"unknown scenario, one of {', '.join(SCENARIOS)}"}, 422)
        if data.get("reset"):
            self._by_account.clear()
            self.store.clear(self.key)
            self.requests.clear()
            self.faults.clear()
            self.clock_offset = 0.0
            self.latency = 0.0
        if "latency" in data:
            self.latency = float(data["latency"])
        if "seed" in data:
            self._random.seed(data["seed"])
        if "clock_offset" in data:
            self.clock_offset = float(data["clock_offset"])
        if "scenario" not in data and not data.get("reset"):
            return json_response({"clock_offset": self.clock_offset, "latency": self.latency})
        scenario = Scenario(
            name,
            float(data.get("rate", 1)),
            float(data.get("seconds", 2)),
            self.now(),
            str(data.get("point", "publish")),
            int(data.get("nth", 0)),
        )
        if account := data.get("account"):
            self._by_account[account] = scenario
        else:
            self._default = scenario
            self._by_account.clear()
        return json_response({"scenario": name, "account": account})

    async def _state(self, request: Request) -> Response:
        return json_response(
            {
                "network": self.key,
                "sandbox": True,
                **self.store.counts(self.key),
                "requests": dict(self.requests),
                "faults": dict(self.faults),
            }
        )

    def grown(self, post_id: str, created: float, names: dict[str, float]) -> dict[str, int]:
        """Counters that rise with age, each post at its own pace and never falling.

        `names` maps a counter to its usual size. A third comes in the first minutes, so that a
        demonstration sees numbers, the rest over a day and a half.
        """
        age = max(0.0, self.now() - created)
        share = 0.3 * (1 - math.exp(-age / 40)) + 0.7 * (1 - math.exp(-age / 40_000))
        digest = sha256(post_id.encode()).digest()
        luck = 0.35 + 3.2 * (digest[0] / 255) ** 2
        return {
            name: math.floor(size * luck * (0.6 + digest[i + 1] / 320) * share)
            for i, (name, size) in enumerate(names.items())
        }
