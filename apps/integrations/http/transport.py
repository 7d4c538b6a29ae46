"""The one place where Candy opens a connection to an address that somebody else chose.

httpcore asks a network backend for every socket. Ours resolves the name once, checks every address
of the answer and connects to one that was checked, so what was checked is what is used. TLS still
sees the name, hence SNI, certificate and Host are right.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import cache
from typing import Any

import certifi
import httpcore
import httpx

from .addresses import check_origin, forbidden
from .errors import AnswerLost, BadAnswer, BodyTooLarge, ConnectFailed, OutboundRefused

MAX_HEADER_BYTES = 64 * 1024
DEADLINE = "candy.deadline"  # request extension: time.monotonic() after which the call is dropped
MAX_BYTES = "candy.max_bytes"  # request extension: cap on the body, also after decompression

Resolver = Callable[[str, int], list[str]]

_deadline: ContextVar[float] = ContextVar("outbound_deadline", default=float("inf"))
# getaddrinfo takes no timeout; a thread of its own lets the caller's clock win.
_resolver_threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="resolve")


def resolve(host: str, port: int) -> list[str]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


@cache
def _ssl_context() -> ssl.SSLContext:
    # Reading the CA bundle takes about 15 ms, so it happens once for the process.
    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())


def _left(timeout: float | None) -> float:
    """Seconds the next socket operation may take: its own timeout or what the call has left."""
    return max(
        0.0, min(timeout if timeout is not None else 60.0, _deadline.get() - time.monotonic())
    )


class _TimedStream(httpcore.NetworkStream):
    """A socket whose every operation also obeys the deadline of the whole call."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not (left := _left(timeout)):
            raise httpcore.ReadTimeout("total time is used up")
        return self._inner.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not (left := _left(timeout)):
            raise httpcore.WriteTimeout("total time is used up")
        self._inner.write(buffer, left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _TimedStream(
            self._inner.start_tls(ssl_context, server_hostname, _left(timeout) or 0.001)
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _PinningBackend(httpcore.NetworkBackend):
    def __init__(self, allow: frozenset[tuple[str, int]], resolver: Resolver) -> None:
        self._allow = allow
        self._resolve = resolver
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._addresses(host, port, timeout):
            if not (left := _left(timeout)):
                raise httpcore.ConnectTimeout("total time is used up")
            try:
                return _TimedStream(
                    self._inner.connect_tcp(address, port, left, None, socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        if ":" in host or host.replace(".", "").isdigit():
            addresses = [host]
        else:
            try:
                addresses = _resolver_threads.submit(self._resolve, host, port).result(
                    _left(timeout)
                )
            except TimeoutError:
                raise httpcore.ConnectTimeout("name resolution took too long") from None
            except (OSError, UnicodeError) as error:
                raise httpcore.ConnectError(f"name not found: {error}") from error
        # One forbidden address spoils the answer: a name of ours never mixes both kinds.
        if (host, port) not in self._allow and any(forbidden(address) for address in addresses):
            raise OutboundRefused(
                "This address is not reachable from here: it is private or reserved."
            )
        return addresses

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise OutboundRefused("Sockets are not web addresses.")

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class GuardedTransport(httpx.BaseTransport):
    """Sends one request, without redirects. `allow` opens exact (host, port) pairs."""

    def __init__(
        self, *, allow: Iterable[tuple[str, int]] = (), resolver: Resolver = resolve
    ) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(),
            max_connections=20,
            max_keepalive_connections=10,
            # Shorter than the 5 s after which common servers hang up: a reused connection that dies
            # under a mutating call would leave its outcome unknown.
            keepalive_expiry=2.0,
            network_backend=_PinningBackend(frozenset(allow), resolver),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if url.userinfo:
            raise OutboundRefused("An address must not carry a user name or password.")
        host, port = check_origin(url.scheme, url.raw_host.decode("ascii"), url.port)
        deadline = request.extensions.get(DEADLINE, float("inf"))
        _deadline.set(deadline)
        core = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=url.raw_scheme, host=host.encode(), port=port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions={"timeout": request.extensions.get("timeout", {})},
        )
        try:
            answer = self._pool.handle_request(core)
        except _CORE_ERRORS as error:
            raise _translate(error) from error
        if sum(len(k) + len(v) for k, v in answer.headers) > MAX_HEADER_BYTES:
            answer.close()
            raise BadAnswer("The answer's headers are too large.")
        return self._response(answer, request, deadline)

    @staticmethod
    def _response(
        answer: httpcore.Response, request: httpx.Request, deadline: float
    ) -> httpx.Response:
        headers = httpx.Headers(answer.headers)
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
            answer.close()
            raise BadAnswer("The answer uses a compression that was not asked for.")
        # Bodies are decompressed here, under the cap; httpx must not do it again.
        headers.pop("content-encoding", None)
        cap = request.extensions.get(MAX_BYTES, 10_000_000)
        stream = _Body(answer, encoding, cap, deadline)
        return httpx.Response(answer.status, headers=headers, stream=stream, request=request)

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response, encoding: str, cap: int, deadline: float) -> None:
        self._answer = answer
        self._encoding = encoding
        self._cap = cap
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        _deadline.set(self._deadline)
        wire = plain = 0
        inflate = None if self._encoding in ("identity", "") else _Inflate()
        try:
            for chunk in self._answer.iter_stream():
                wire += len(chunk)
                if wire > self._cap:
                    raise BodyTooLarge(f"The answer is larger than {self._cap:,} bytes.")
                for piece in (chunk,) if inflate is None else inflate(chunk):
                    plain += len(piece)
                    if plain > self._cap:
                        raise BodyTooLarge(f"The answer is larger than {self._cap:,} bytes.")
                    yield piece
                _deadline.set(self._deadline)
        except _CORE_ERRORS as error:
            raise _translate(error) from error
        except zlib.error as error:
            raise BadAnswer("The answer's compression is broken.") from error
        if inflate is not None and inflate.cut_short:
            raise AnswerLost("The answer ended early.")

    def close(self) -> None:
        self._answer.close()


class _Inflate:
    """gzip (several members too), zlib or raw deflate, never more than 64 kB at a time."""

    _STEP = 64 * 1024

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._started = False

    @property
    def cut_short(self) -> bool:
        return self._started and not self._inner.eof

    def __call__(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inner.eof:
                if not data.startswith(b"\x1f\x8b"):
                    return  # padding after the last member
                self._inner = zlib.decompressobj(zlib.MAX_WBITS | 32)
            try:
                piece = self._inner.decompress(data, self._STEP)
            except zlib.error:
                if self._started:
                    raise
                self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
                piece = self._inner.decompress(data, self._STEP)
            self._started = True
            yield piece
            data = self._inner.unconsumed_tail or self._inner.unused_data


_CORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)
_NOT_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.LocalProtocolError,
    httpcore.UnsupportedProtocol,
)


def _translate(error: Exception) -> ConnectFailed | AnswerLost:
    if isinstance(error, _NOT_SENT):
        return ConnectFailed(
            f"The server could not be reached: {str(error) or type(error).__name__}.",
            is_lasting=_is_lasting(error),
        )
    if isinstance(error, httpcore.TimeoutException):
        return AnswerLost("The server took too long to answer.")
    return AnswerLost("The connection broke before the answer was complete.")


def _is_lasting(error: Exception) -> bool:
    """Whether the next try would end the same. A name server that is away may be back."""
    cause = error.__context__  # httpcore passes its errors on without their cause
    if isinstance(cause, socket.gaierror):
        return cause.errno != socket.EAI_AGAIN
    if isinstance(cause, UnicodeError | ssl.SSLCertVerificationError):
        return True
    return isinstance(error, httpcore.LocalProtocolError | httpcore.UnsupportedProtocol)
