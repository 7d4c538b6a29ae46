"""The sandbox: every simulated network under its key, a page that shows the feeds, a brand's site.

    uvicorn apps.integrations.sandbox.asgi:application --port 8070

With CANDY_VAR set the feeds are kept in a file below it and survive a restart.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from . import pages, site
from .kernel import Cut, Receive, Request, Response, Scope, Send, cut, read_request, write_response
from .simulator import Simulator
from .store import Store

HERE = Path(__file__).parent
PROVIDERS = HERE.parent / "providers"
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
STATIC = {
    "/sandbox.css": "text/css; charset=utf-8",
    "/sandbox.js": "text/javascript; charset=utf-8",
}


def discover(store: Store) -> dict[str, Simulator]:
    found: dict[str, Simulator] = {}
    for path in sorted(PROVIDERS.glob("*/simulator.py")):
        module = import_module(f"apps.integrations.providers.{path.parent.name}.simulator")
        simulator: Simulator = module.simulator(store)
        found[simulator.key] = simulator
    return found


class Sandbox:
    """The ASGI app. `path` is the file that keeps the feeds; without one they end with it."""

    def __init__(self, path: Path | None = None) -> None:
        self.store = Store(path)
        self.simulators = discover(self.store)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            response = await self._answer(scope, receive)
        except Cut:
            await cut(receive, send)
            return
        await write_response(response, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        key = scope["path"].split("/", 2)[1]
        simulator = self.simulators.get(key)
        if simulator is not None:
            request = await read_request(scope, receive, mount=f"/{key}")
            response = await simulator(request)
            if response.headers.get("content-type", "").startswith("text/html"):
                response.headers |= HEADERS
            return response
        request = await read_request(scope, receive, mount="")
        response = self._page(request)
        response.headers = HEADERS | response.headers
        return response

    def _page(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(b"Method not allowed", 405, {"content-type": "text/plain"})
        if request.path in STATIC:
            body = (HERE / "static" / request.path[1:]).read_bytes()
            return Response(body, 200, {"content-type": STATIC[request.path]})
        if request.path == "/robots.txt" or request.path.startswith("/site"):
            return site.answer(request)
        networks = [
            pages.Network(s.key, s.name, s.scenario("").name, s.feed(f"{request.base}/{s.key}"))
            for s in self.simulators.values()
        ]
        if request.path == "/":
            return pages.index(networks)
        if request.path == "/feeds":
            return pages.fragment(networks)
        return Response(b"Not found", 404, {"content-type": "text/plain; charset=utf-8"})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        kind = message["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


def _path() -> Path | None:
    var = os.environ.get("CANDY_VAR")
    return Path(var) / "sandbox" / "networks.sqlite3" if var else None


def __getattr__(name: str) -> Sandbox:
    """`application` is made when a server asks for it, so that importing this module touches no disk."""
    if name == "application":
        globals()["application"] = made = Sandbox(_path())
        return made
    raise AttributeError(name)
