"""What the guarded client tries again by itself. Three layers try again, at three distances:

* **This client**, within the time of one call: at most two more tries of what cannot do harm. That is
  GET and HEAD (and a call that its caller marks with the extension SAFE: a POST that only reads) after
  a broken connection, 502, 503, 504, or a 429 that says when to come back; and any call of which
  nothing was sent, because no connection was made. Each try is a line of its own on the receipt.
* **Who asked**, within one piece of work, where an answer means more than its status: a token that
  has to be renewed first, a model that has a substitute. Those take a client with `tries=1`, or ask
  inside `client.once()`, where a second request could spoil what the first one brought.
* **The job**, from seconds to hours later: publications by the ledger of attempts (an answer that was
  lost is looked for at the network, never sent again), everything else by the action's `Retry`.

So that these do not multiply when a server is down, every server has a reserve: failures use it up,
answers fill it, and from half of it on nobody's calls are tried again here.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Lock

import httpx

from .errors import AnswerLost, ConnectFailed, OutboundError
from .rates import retry_at

SAFE = "candy.safe"  # an extension of a request: True for a POST that changes nothing
TRIES = 3

_READING = frozenset({"GET", "HEAD"})
_FAULTS = frozenset({502, 503, 504})
# A wait above this is the job's: until then a worker would do nothing else.
_LONGEST_WAIT = 5.0  # seconds
_FIRST_WAIT = 0.2
_ROOM = 0.2  # seconds of the call's time that have to be left for the try itself


class Reserve:
    """How much more each server may be asked, in this process."""

    FULL = 10.0
    REFILL = 0.5  # for each answer; a failure costs one
    SERVERS = 1000  # remembered; those asked longest ago are forgotten

    def __init__(self) -> None:
        self._left: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def answered(self, server: str) -> None:
        self._add(server, self.REFILL)

    def failed(self, server: str) -> bool:
        """Whether there is enough left to try again."""
        return self._add(server, -1) > self.FULL / 2

    def clear(self) -> None:
        with self._lock:
            self._left.clear()

    def _add(self, server: str, change: float) -> float:
        with self._lock:
            left = min(max(self._left.pop(server, self.FULL) + change, 0), self.FULL)
            if left < self.FULL:
                self._left[server] = left
            if len(self._left) > self.SERVERS:
                self._left.popitem(last=False)
            return left


reserve = Reserve()


def wait_before_another(
    request: httpx.Request,
    outcome: httpx.Response | OutboundError,
    *,
    made: int,
    left: float,
    sent_once: bool,
) -> float | None:
    """Seconds until `request` is worth another try after `made` ones; None: this outcome stays.

    `left` seconds of the call's time remain. `sent_once`: what was sent is not sent again, whatever
    its method. Keeps the server's reserve.
    """
    server = request.url.netloc.decode("ascii")
    if not _is_failure(outcome):
        reserve.answered(server)
        return None
    has_reserve = reserve.failed(server)
    if not has_reserve or not _may_repeat(request, outcome, sent_once):
        return None
    wait = _FIRST_WAIT * 2 ** (made - 1) * random.uniform(0.5, 1.5)
    if isinstance(outcome, httpx.Response):
        asked = _asked_to_wait(outcome.headers)
        if asked is None and outcome.status_code == 429:
            return None  # too many is no hiccup: when to come back is for whoever planned the call
        wait += asked or 0
    return wait if wait <= min(left - _ROOM, _LONGEST_WAIT) else None


def _is_failure(outcome: httpx.Response | OutboundError) -> bool:
    if isinstance(outcome, httpx.Response):
        return outcome.status_code in _FAULTS or outcome.status_code == 429
    return isinstance(outcome, ConnectFailed | AnswerLost)


def _may_repeat(
    request: httpx.Request, outcome: httpx.Response | OutboundError, sent_once: bool
) -> bool:
    if isinstance(outcome, ConnectFailed):
        return not outcome.is_lasting
    if sent_once or not (request.method in _READING or request.extensions.get(SAFE)):
        return False
    try:
        request.content  # noqa: B018  a body that is a stream is gone with the first try
    except httpx.RequestNotRead:
        return False
    return True


def _asked_to_wait(headers: Mapping[str, str]) -> float | None:
    now = datetime.now(UTC)
    at = retry_at(headers, now=now)
    return None if at is None else (at - now).total_seconds()
