"""Just enough ASGI for the simulators: a request, a response, routes, and a cut connection."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 64 * 1024 * 1024


class Cut(Exception):
    """End the connection without a word, as a network does that dies under a request."""


@dataclass(frozen=True)
class Upload:
    mime: str
    data: bytes


@dataclass
class Request:
    """`path` is below the mount point; `base` is the address of the mount point."""

    method: str
    path: str
    base: str
    headers: dict[str, str]
    query: list[tuple[str, str]]
    body: bytes
    params: dict[str, str] = field(default_factory=dict)

    def first(self, name: str, default: str = "") -> str:
        return next((v for k, v in self.query if k == name), default)

    def every(self, name: str) -> list[str]:
        return [v for k, v in self.query if k == name]

    @property
    def bearer(self) -> str:
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    def json(self) -> dict[str, Any]:
        try:
            data = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}

    def form(self) -> tuple[list[tuple[str, str]], dict[str, Upload]]:
        """Fields and files of a form, urlencoded, multipart or JSON alike."""
        kind = self.headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            return _multipart(self.body, kind)
        if kind.startswith("application/json"):
            return _flatten(self.json()), {}
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True), {}


def _flatten(data: dict[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in data.items():
        if isinstance(value, list):
            pairs += [(f"{name}[]", str(item)) for item in value]
        elif value is not None:
            pairs.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    return pairs


def _multipart(body: bytes, kind: str) -> tuple[list[tuple[str, str]], dict[str, Upload]]:
    fields: list[tuple[str, str]] = []
    files: dict[str, Upload] = {}
    found = re.search(r'boundary="?([^";]+)"?', kind)
    if found is None:
        return fields, files
    for part in body.split(b"--" + found[1].encode())[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = head.decode("utf-8", "replace")
        name = re.search(r'name="([^"]*)"', headers)
        if name is None:
            continue
        data = data.removesuffix(b"\r\n")
        if "filename=" in headers:
            mime = re.search(r"(?i)content-type:\s*([^\s;]+)", headers)
            files[name[1]] = Upload(mime[1] if mime else "application/octet-stream", data)
        else:
            fields.append((name[1], data.decode("utf-8", "replace")))
    return fields, files


@dataclass
class Response:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def json_response(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    kind = {"content-type": "application/json; charset=utf-8"}
    return Response(body, status, kind | (headers or {}))


Handler = Callable[[Request], Awaitable[Response]]


class Router:
    """Routes like `("GET", "/api/v1/statuses/{id}")`; the first that fits answers."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, path: str, handler: Handler) -> None:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
        self._routes.append((method, re.compile(pattern), handler))

    def find(self, request: Request) -> Handler | None:
        for method, pattern, handler in self._routes:
            if method == request.method and (match := pattern.fullmatch(request.path)):
                request.params = match.groupdict()
                return handler
        return None


async def read_request(scope: Scope, receive: Receive, *, mount: str) -> Request:
    headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Cut
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY:
            raise Cut
        if not message.get("more_body"):
            break
    return Request(
        method=scope["method"],
        path=scope["path"].removeprefix(mount) or "/",
        base=f"{scope.get('scheme', 'http')}://{headers.get('host', 'localhost')}{mount}",
        headers=headers,
        query=parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True),
        body=b"".join(chunks),
    )


async def write_response(response: Response, send: Send) -> None:
    headers = {"content-length": str(len(response.body)), **response.headers}
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": response.body})


async def cut(receive: Receive, send: Send) -> None:
    """Reset the TCP connection. Under uvicorn `send` belongs to the object that owns the socket."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        await asyncio.sleep(0)
        await receive()
        return
    # Another server: an answer that stops in the middle is lost to the client just the same.
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"64")]}
    )
    raise Cut
