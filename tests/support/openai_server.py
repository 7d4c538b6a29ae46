"""A server that speaks the OpenAI chat protocol and answers by script."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """`content` is what the model says: text, or something to send as JSON."""

    content: Any = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    tokens: tuple[int, int] = (100, 50)
    raw: bytes | None = None


@dataclass
class ScriptedModel:
    """`replies` are given in order, the last one again and again. `requests` is what came in."""

    replies: list[Reply]
    port: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def host_port(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def last_prompt(self) -> str:
        return "\n".join(str(message["content"]) for message in self.requests[-1]["messages"])


@contextmanager
def scripted_model(*replies: Reply) -> Iterator[ScriptedModel]:
    script = ScriptedModel(list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            script.requests.append(json.loads(body))
            script.keys.append(self.headers.get("authorization", "").removeprefix("Bearer "))
            number = min(len(script.requests), len(script.replies)) - 1
            reply = script.replies[number]
            time.sleep(reply.delay)
            payload = reply.raw if reply.raw is not None else _completion(reply)
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            with suppress(OSError):  # the caller gave up waiting, as it should
                self.wfile.write(payload)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()


def _completion(reply: Reply) -> bytes:
    if reply.status != 200:
        return json.dumps({"error": {"message": "scripted failure", "type": "x"}}).encode()
    text = reply.content if isinstance(reply.content, str) else json.dumps(reply.content)
    tokens_in, tokens_out = reply.tokens
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "scripted",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": text},
                }
            ],
            "usage": {
                "prompt_tokens": tokens_in,
                "completion_tokens": tokens_out,
                "total_tokens": tokens_in + tokens_out,
            },
        }
    ).encode()
