"""The guarded client: redirects, credentials, time and size under one roof.

with guarded_client(record=receipt.append) as client:
    answer = client.get("https://example.com/")
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from django.conf import settings

from .addresses import check_spelling
from .errors import BadAnswer, OutboundError, OutboundRefused
from .exchange import HIDE, Exchange, redact_body, redact_url
from .journal import Journal
from .retrying import TRIES, wait_before_another
from .transport import DEADLINE, MAX_BYTES, GuardedTransport, Resolver, resolve

USER_AGENT = "Candy/1 (+https://candy.invalid/bot)"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What may follow a redirect to another origin. Everything else might be a credential.
_HARMLESS_HEADERS = frozenset({"accept", "accept-encoding", "accept-language", "user-agent"})
_SHOWN_HEADERS = (
    "content-type",
    "retry-after",
    "location",
    "ratelimit",
    "rate-limit",
    "usage",
    "x-request-id",
)

Record = Callable[[Exchange], None]


class GuardedClient(httpx.Client):
    """httpx's client on the guarded transport. Create it with `guarded_client`.

    Raises only OutboundError and its children. `timeout` bounds a whole call: name, connection,
    redirects, body, and the tries again that `retrying` allows; a call that sends a large file may
    bring its own. Cookies are never kept.
    """

    def __init__(
        self,
        *,
        transport: GuardedTransport,
        timeout: float,
        max_bytes: int,
        max_redirects: int,
        record: Record | None,
        tries: int = TRIES,
    ) -> None:
        super().__init__(
            transport=transport,
            timeout=timeout,
            max_redirects=max_redirects,
            follow_redirects=max_redirects > 0,
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
        )
        self._total = timeout
        self._max_bytes = max_bytes
        self._record = record
        self._journal: Journal | None = None
        self._tries = tries
        self._sent_once = False

    @contextmanager
    def journaled(self, journal: Journal) -> Iterator[None]:
        """Answers go to `journal` before anything else, and come from it where it has them."""
        self._journal = journal
        try:
            yield
        finally:
            self._journal = None

    @contextmanager
    def once(self) -> Iterator[None]:
        """What is sent inside is sent once, whatever its method: a code or token that is used up."""
        before, self._sent_once = self._sent_once, True
        try:
            yield
        finally:
            self._sent_once = before

    def build_request(self, method: str, url: httpx.URL | str, **kwargs: Any) -> httpx.Request:
        check_spelling(str(url))
        try:
            return super().build_request(method, url, **kwargs)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise OutboundRefused(f"The address is not valid: {error}.") from None

    def send(
        self,
        request: httpx.Request,
        *,
        stream: bool = False,
        auth: Any = httpx.USE_CLIENT_DEFAULT,
        follow_redirects: Any = httpx.USE_CLIENT_DEFAULT,
    ) -> httpx.Response:
        own = (request.extensions.get("timeout") or {}).get("read")
        deadline = time.monotonic() + (own or self._total)
        hops = 0 if follow_redirects is False else self.max_redirects
        history: list[httpx.Response] = []
        while True:
            request.extensions = {
                **request.extensions,
                DEADLINE: deadline,
                MAX_BYTES: self._max_bytes,
            }
            response = self._hop(request, stream=stream, auth=auth)
            response.history = list(history)
            location = response.headers.get("location")
            if not hops or location is None or response.status_code not in _REDIRECTS:
                return response
            response.close()
            if len(history) == hops:
                raise OutboundRefused(f"The address redirects more than {hops} times.")
            history.append(response)
            request = self._next(request, response.status_code, location)
            auth = None  # given for the first address only

    def _hop(self, request: httpx.Request, *, stream: bool, auth: Any) -> httpx.Response:
        """One address, in as many tries as `retrying` allows."""
        if self._journal is not None and (known := self._journal.replay(request)) is not None:
            return known
        made = 0
        while True:
            outcome = self._try(request, stream=stream, auth=auth)
            made += 1
            wait = wait_before_another(
                request,
                outcome,
                made=made,
                left=request.extensions[DEADLINE] - time.monotonic(),
                # A journal is there for answers that the network gives only once.
                sent_once=self._sent_once or self._journal is not None,
            )
            if wait is None or made >= self._tries:
                break
            if isinstance(outcome, httpx.Response):
                outcome.close()
            time.sleep(wait)
        if isinstance(outcome, OutboundError):
            raise outcome
        return outcome

    def _try(
        self, request: httpx.Request, *, stream: bool, auth: Any
    ) -> httpx.Response | OutboundError:
        """One request on the wire and on the receipt."""
        started = time.monotonic()
        response: httpx.Response | None = None
        try:
            response = super().send(request, stream=True, auth=auth, follow_redirects=False)
            if not stream:
                response.read()
                if self._journal is not None:
                    self._journal.note(request, response)
        except (OutboundError, httpx.RemoteProtocolError) as error:
            if response is not None:
                response.close()
            if not isinstance(error, OutboundError):
                # httpx reads the location even where it may not follow it.
                error = BadAnswer("The answer redirects to something that is no address.")
            self._note(request, response, started, error=error)
            return error
        finally:
            self.cookies.clear()
        self._note(request, response, started)
        return response

    def _next(self, request: httpx.Request, status: int, location: str) -> httpx.Request:
        """The request after a redirect, checked like the first one."""
        try:
            url = request.url.join(location)
        except (httpx.InvalidURL, UnicodeError):
            raise OutboundRefused(
                "The address redirects to something that is no address."
            ) from None
        # Both spellings count: the raw one for what parsers may disagree on, the joined one for
        # what a relative location became.
        if "://" in location or "\\" in location:
            check_spelling(location)
        check_spelling(str(url))
        same = _origin(url) == _origin(request.url)
        method = request.method
        keeps_body = status in (307, 308)
        if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
            method = "GET"
        has_body = keeps_body and request.headers.get("content-length", "0") != "0"
        if has_body and not same:
            raise OutboundRefused("The address wants to pass what we sent on to another server.")
        kept = {
            name: value
            for name, value in request.headers.items()
            if name in _HARMLESS_HEADERS
            or (
                (same and name not in ("host", "cookie"))
                and (keeps_body or not name.startswith(("content-", "transfer-")))
            )
        }
        body = request.stream if has_body else None
        return httpx.Request(
            method,
            url,
            headers=kept,
            content=body,
            extensions=request.extensions,
        )

    def _note(
        self,
        request: httpx.Request,
        response: httpx.Response | None,
        started: float,
        *,
        error: OutboundError | None = None,
    ) -> None:
        if self._record is None:
            return
        done = response is not None and response.is_stream_consumed and error is None
        answer = response.content if done and response is not None else b""
        headers = response.headers if response is not None else httpx.Headers()
        self._record(
            Exchange(
                at=datetime.now(UTC),
                method=request.method,
                url=redact_url(str(request.url), str(request.extensions.get(HIDE, ""))),
                status=response.status_code if response is not None else None,
                error=error.code if error is not None else "",
                elapsed_ms=round((time.monotonic() - started) * 1000),
                request=_request_excerpt(request),
                response=redact_body(answer, headers.get("content-type", "")),
                response_bytes=len(answer),
                headers={
                    name: redact_url(value) if name == "location" else value
                    for name, value in headers.items()
                    if any(shown in name for shown in _SHOWN_HEADERS)
                },
            )
        )


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _request_excerpt(request: httpx.Request) -> str:
    kind = request.headers.get("content-type", "")
    try:
        return redact_body(request.content, kind)
    except httpx.RequestNotRead:
        size = int(request.headers.get("content-length", 0))
        return f"{size:,} bytes of {kind.partition(';')[0] or 'data'}" if size else ""


def guarded_client(
    *,
    timeout: float = 10,
    max_bytes: int = 10_000_000,
    max_redirects: int = 3,
    record: Record | None = None,
    allow: Iterable[tuple[str, int]] | None = None,
    resolver: Resolver = resolve,
    tries: int = TRIES,
) -> GuardedClient:
    """A client for addresses that people, pages and networks give us.

    `timeout` in seconds for the whole call, `max_bytes` for the body as sent and as decompressed,
    `max_redirects=0` hands a redirect back as it is. `record` gets one redacted Exchange per try.
    `allow` defaults to the setting CANDY_OUTBOUND_ALLOW. `tries=1` for callers who try again
    themselves; see `retrying` for what others get.
    """
    transport = GuardedTransport(allow=allowed() if allow is None else allow, resolver=resolver)
    return GuardedClient(
        transport=transport,
        timeout=timeout,
        max_bytes=max_bytes,
        max_redirects=max_redirects,
        record=record,
        tries=tries,
    )


def allowed() -> frozenset[tuple[str, int]]:
    """CANDY_OUTBOUND_ALLOW as (host, port) pairs; IPv6 addresses are written in brackets."""
    pairs = set()
    for entry in getattr(settings, "CANDY_OUTBOUND_ALLOW", ()):
        host, _, port = entry.strip().rpartition(":")
        pairs.add((host.strip("[]").lower(), int(port)))
    return frozenset(pairs)
