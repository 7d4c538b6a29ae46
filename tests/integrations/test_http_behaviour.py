"""What the guarded client promises once an address is allowed: caps, time, redirects, receipts."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from apps.integrations.http import (
    AnswerLost,
    BadAnswer,
    BodyTooLarge,
    ConnectFailed,
    Exchange,
    GuardedClient,
    OutboundRefused,
    guarded_client,
    rate_state,
    retry_at,
)

Script = Callable[[socket.socket, str], None]


class Server:
    """Answers each connection with raw bytes; `heard` are the heads and bodies it got."""

    def __init__(self, script: Script) -> None:
        self.heard: list[str] = []
        self._script = script
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(peer,), daemon=True).start()

    def _one(self, peer: socket.socket) -> None:
        with peer:
            got = b""
            while b"\r\n\r\n" not in got:
                piece = peer.recv(65536)
                if not piece:
                    return
                got += piece
            self.heard.append(got.decode("latin-1"))
            try:
                self._script(peer, got.decode("latin-1"))
            except OSError:
                return

    def close(self) -> None:
        self._socket.close()


def _answer(body: bytes = b"ok", status: str = "200 OK", **headers: str) -> Script:
    lines = {"content-length": str(len(body)), "connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return lambda peer, got: peer.sendall(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)


@pytest.fixture
def serve() -> Iterator[Callable[[Script], Server]]:
    servers: list[Server] = []

    def start(script: Script) -> Server:
        servers.append(Server(script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@contextmanager
def client_of(*servers: Server, **kwargs: object) -> Iterator[GuardedClient]:
    kwargs.setdefault("timeout", 5)
    allow = [("127.0.0.1", server.port) for server in servers]
    with guarded_client(allow=allow, **kwargs) as client:  # type: ignore[arg-type]
        yield client


def test_a_body_above_the_cap_is_dropped(serve: Callable[[Script], Server]) -> None:
    server = serve(_answer(b"x" * 5000))
    with client_of(server, max_bytes=4999) as client, pytest.raises(BodyTooLarge):
        client.get(server.url)
    with client_of(server, max_bytes=5000) as client:
        assert len(client.get(server.url).content) == 5000


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_a_bomb_is_stopped_while_it_unfolds(
    serve: Callable[[Script], Server], pack: Callable[[bytes], bytes]
) -> None:
    name = "gzip" if pack is gzip.compress else "deflate"
    server = serve(_answer(pack(b"\0" * 200_000_000), content_encoding=name))
    with client_of(server, max_bytes=1_000_000) as client, pytest.raises(BodyTooLarge):
        client.get(server.url)


def test_compressed_answers_are_read_in_every_common_form(
    serve: Callable[[Script], Server],
) -> None:
    raw = zlib.compressobj(wbits=-15)
    forms = {
        "gzip": gzip.compress(b"hello ") + gzip.compress(b"world"),
        "deflate": zlib.compress(b"hello world"),
        "deflate ": raw.compress(b"hello world") + raw.flush(),
    }
    for name, body in forms.items():
        server = serve(_answer(body, content_encoding=name.strip()))
        with client_of(server) as client:
            assert client.get(server.url).text == "hello world"


def test_a_compression_that_nobody_asked_for_is_not_unpacked(
    serve: Callable[[Script], Server],
) -> None:
    server = serve(_answer(b"x", content_encoding="br"))
    with client_of(server) as client, pytest.raises(BadAnswer):
        client.get(server.url)
    server = serve(_answer(b"this is not gzip", content_encoding="gzip"))
    with client_of(server) as client, pytest.raises(BadAnswer):
        client.get(server.url)


def test_oversized_headers_are_refused(serve: Callable[[Script], Server]) -> None:
    server = serve(_answer(x_large="y" * 70_000))
    with client_of(server) as client, pytest.raises((BadAnswer, AnswerLost)):
        client.get(server.url)


def test_a_dripping_server_is_dropped_at_the_total_time(
    serve: Callable[[Script], Server],
) -> None:
    def drip(peer: socket.socket, got: str) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(1000):
            peer.sendall(b"x")
            time.sleep(0.05)

    server = serve(drip)
    started = time.monotonic()
    with client_of(server, timeout=0.6) as client, pytest.raises(AnswerLost):
        client.get(server.url)
    assert time.monotonic() - started < 2


def test_a_slow_name_server_does_not_hold_the_call() -> None:
    def resolver(host: str, port: int) -> list[str]:
        time.sleep(3)
        return ["93.184.215.14"]

    started = time.monotonic()
    with (
        guarded_client(allow=(), resolver=resolver, timeout=0.3) as client,
        pytest.raises(ConnectFailed),
    ):
        client.get("http://slow.test/")
    assert time.monotonic() - started < 2


def test_what_was_never_sent_differs_from_what_was_lost(
    serve: Callable[[Script], Server],
) -> None:
    server = serve(lambda peer, got: peer.shutdown(socket.SHUT_RDWR))
    with client_of(server) as client, pytest.raises(AnswerLost):
        client.post(server.url, json={"a": 1})
    server.close()
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    with (
        guarded_client(allow=[("127.0.0.1", port)]) as client,
        pytest.raises(ConnectFailed),
    ):
        client.post(f"http://127.0.0.1:{port}/", json={"a": 1})


def test_credentials_stay_behind_on_a_redirect_to_another_server(
    serve: Callable[[Script], Server],
) -> None:
    second = serve(_answer(b"there"))
    first = serve(_answer(b"", "302 Found", location=f"{second.url}/there"))
    headers = {"Authorization": "Bearer canary-1", "X-Api-Key": "canary-2", "Cookie": "a=canary-3"}
    with client_of(first, second) as client:
        answer = client.get(first.url, headers=headers)
    assert answer.text == "there"
    assert str(answer.url) == f"{second.url}/there"
    assert "canary-1" in first.heard[0]
    assert "canary" not in second.heard[0]


def test_credentials_follow_a_redirect_on_the_same_server(
    serve: Callable[[Script], Server],
) -> None:
    def script(peer: socket.socket, got: str) -> None:
        again = "GET /new" in got
        (_answer(b"new") if again else _answer(b"", "301 Moved", location="/new"))(peer, got)

    server = serve(script)
    with client_of(server) as client:
        assert client.get(server.url, headers={"Authorization": "Bearer me"}).text == "new"
    assert "Bearer me" in server.heard[1]


def test_a_body_is_never_passed_on_to_another_server(serve: Callable[[Script], Server]) -> None:
    second = serve(_answer())
    first = serve(_answer(b"", "307 Temporary Redirect", location=second.url))
    with client_of(first, second) as client, pytest.raises(OutboundRefused):
        client.post(first.url, json={"secret": "canary"})
    assert second.heard == []


def test_redirects_end_after_three_and_none_is_followed_when_asked(
    serve: Callable[[Script], Server],
) -> None:
    server = serve(_answer(b"", "302 Found", location="/again"))
    with client_of(server) as client, pytest.raises(OutboundRefused):
        client.get(server.url)
    assert len(server.heard) == 4
    with client_of(server, max_redirects=0) as client:
        assert client.get(server.url).status_code == 302
    with client_of(server) as client:
        assert client.get(server.url, follow_redirects=False).status_code == 302


def test_cookies_are_not_kept(serve: Callable[[Script], Server]) -> None:
    server = serve(_answer(set_cookie="id=1"))
    with client_of(server) as client:
        client.get(server.url)
        client.get(server.url)
    assert "cookie" not in server.heard[1].lower()


def test_a_receipt_shows_the_call_and_no_secret(serve: Callable[[Script], Server]) -> None:
    body = b'{"id": "7", "access_token": "canary-a", "user": {"refreshJwt": "canary-b"}}'
    server = serve(_answer(body, content_type="application/json", x_ratelimit_remaining="9"))
    lines: list[Exchange] = []
    with client_of(server, record=lines.append) as client:
        client.post(
            f"{server.url}/oauth?code=canary-c&page=2",
            data={"client_secret": "canary-d", "status": "Hello"},
            headers={"Authorization": "Bearer canary-e"},
        )
        client.post(server.url, json={"password": "canary-f", "text": "Hi"})
    assert "canary" not in repr(lines)
    assert [line.status for line in lines] == [200, 200]
    assert "status=Hello" in lines[0].request
    assert "page=2" in lines[0].url
    assert '"id": "7"' in lines[0].response
    assert lines[0].headers["x-ratelimit-remaining"] == "9"


def test_a_call_that_failed_is_on_the_receipt_too(serve: Callable[[Script], Server]) -> None:
    server = serve(lambda peer, got: peer.shutdown(socket.SHUT_RDWR))
    lines: list[Exchange] = []
    with client_of(server, record=lines.append) as client, pytest.raises(AnswerLost):
        client.post(server.url)
    assert [(line.status, line.error) for line in lines] == [(None, "outbound.answer_lost")]


NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": "Fri, 20 Nov 2026 12:01:00 GMT"}, 60),
        ({"x-ratelimit-reset": "2026-11-20T12:05:00.000Z"}, 300),
        ({"ratelimit-reset": str(int(NOW.timestamp()) + 90)}, 90),
        ({"ratelimit-reset": "45"}, 45),
        ({"retry-after": "5", "ratelimit-reset": "45"}, 5),
        ({"retry-after": "999999999"}, 2 * 86400),
        ({"retry-after": "Fri, 20 Nov 2020 12:01:00 GMT"}, 0),
    ],
)
def test_the_time_to_come_back_is_read_in_every_form(headers: dict[str, str], seconds: int) -> None:
    assert retry_at(headers, now=NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "soon", "-", "1e999", "٣", "9" * 400])
def test_nonsense_in_rate_headers_is_no_answer(value: str) -> None:
    state = rate_state({"x-ratelimit-reset": value, "x-ratelimit-remaining": value}, now=NOW)
    assert state.reset_at is None or state.reset_at > NOW
