"""A website on this machine, as good or as broken as a test wants it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """`chunks` makes a body of many megabytes without holding it."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    chunks: int = 0


@dataclass
class Site:
    """`pages` maps paths to answers; what is not there is a 404. `hits` are paths in order."""

    pages: dict[str, Answer | Callable[[], Answer]]
    port: int = 0
    hits: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host_port(self) -> str:
        return f"127.0.0.1:{self.port}"


def html(body: str, *, title: str = "A page", head: str = "", language: str = "en") -> Answer:
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{title}</title>{head}</head><body>{body}</body></html>"
    )
    return Answer(page.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


@contextmanager
def serve(pages: dict[str, Answer | Callable[[], Answer]]) -> Iterator[Site]:
    site = Site(pages)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            site.hits.append(self.path)
            answer = site.pages.get(self.path, site.pages.get(path, Answer(b"Not here", 404)))
            if callable(answer):
                answer = answer()
            time.sleep(answer.delay)
            self.send_response(answer.status)
            headers = {"Content-Type": "text/html; charset=utf-8", **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value.replace("{site}", site.url))
            body = answer.body.replace(b"{site}", site.url.encode())
            if not answer.chunks:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
                for _ in range(answer.chunks):
                    self.wfile.write(b"<p>" + b"x" * 999_990 + b"</p>\n")
            except OSError:
                pass  # the reader has hung up, as it should

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
