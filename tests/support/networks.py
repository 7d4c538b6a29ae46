"""The simulated networks as a real server in a thread, for tests that speak HTTP."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from apps.integrations.sandbox.asgi import Sandbox


class Networks:
    """`url` is the sandbox's address; `store` may be looked into directly."""

    def __init__(self, port: int, sandbox: Sandbox | None = None) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.sandbox = sandbox

    def control(self, network: str = "mastodon", **scenario: Any) -> None:
        """Switch what happens to calls that publish; `reset=True` forgets all posts."""
        self._ask(f"/{network}/_control", scenario)

    def state(self, network: str = "mastodon") -> dict[str, Any]:
        return self._ask(f"/{network}/_state")

    def posts(self, network: str = "mastodon") -> int:
        """How many posts the network has accepted."""
        return sum(self.state(network)["posts"].values())

    def _ask(self, path: str, data: dict[str, Any] | None = None) -> Any:
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(
            self.url + path, data=body, headers={"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())


@contextmanager
def running_networks() -> Iterator[Networks]:
    sandbox = Sandbox()
    config = uvicorn.Config(
        sandbox, host="127.0.0.1", port=0, log_level="error", access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < end, "The sandbox did not start."
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Networks(port, sandbox)
    finally:
        server.should_exit = True
        thread.join(5)
