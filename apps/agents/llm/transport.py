"""The guarded client as a transport for model SDKs, which are asynchronous and use httpx2."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import httpx2

from apps.errors import DomainError
from apps.integrations.http import guarded_client
from apps.integrations.http.client import allowed

MAX_ANSWER_BYTES = 5_000_000
_HOP_HEADERS = frozenset(
    {"host", "content-length", "connection", "transfer-encoding", "accept-encoding"}
)


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends each request through the guarded client in a thread; no redirects, no streaming.

    `trusted_base` is an address the operator set: its host may be private.
    """

    def __init__(self, *, timeout: float, trusted_base: str = "") -> None:
        self._timeout = timeout
        self._allow = allowed() | _host_of(trusted_base)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        return await asyncio.to_thread(self._send, request, body)

    def _send(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _HOP_HEADERS
        }
        try:
            with guarded_client(
                timeout=self._timeout,
                max_bytes=MAX_ANSWER_BYTES,
                max_redirects=0,
                allow=self._allow,
                tries=1,  # `asking` tries again, and knows a substitute
            ) as client:
                answer = client.request(
                    request.method, str(request.url), headers=headers, content=body
                )
        except DomainError as error:
            raise httpx2.ConnectError(error.message, request=request) from error
        kept = {
            name: value
            for name, value in answer.headers.items()
            if name.lower() not in ("content-encoding", "content-length", "transfer-encoding")
        }
        return httpx2.Response(
            answer.status_code, headers=kept, content=answer.content, request=request
        )


def _host_of(address: str) -> frozenset[tuple[str, int]]:
    if not address:
        return frozenset()
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return frozenset({((parts.hostname or "").lower(), port)})
