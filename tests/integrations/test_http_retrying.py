"""What the guarded client tries again by itself, against a real server, and what it never sends twice."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import httpx
import pytest

from apps.integrations.http import (
    SAFE,
    Answer,
    AnswerLost,
    ConnectFailed,
    Exchange,
    Journal,
    OutboundRefused,
    guarded_client,
    retrying,
)
from apps.integrations.providers.errors import ErrorKind, ProviderError
from apps.integrations.providers.json_api import Answer as JsonAnswer
from apps.integrations.providers.json_api import JsonApi

from .test_http_behaviour import (  # noqa: F401  the raw server
    Script,
    Server,
    _answer,
    client_of,
    serve,
)

Serve = Callable[[Script], Server]


@pytest.fixture(autouse=True)
def fresh_reserves() -> Iterator[None]:
    retrying.reserve.clear()
    yield
    retrying.reserve.clear()


def reset(peer: socket.socket, got: str) -> None:
    """Hang up hard, before a byte of an answer."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    peer.close()


def half(peer: socket.socket, got: str) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this")


def silence(peer: socket.socket, got: str) -> None:
    time.sleep(3)


def in_turn(*scripts: Script) -> Script:
    """Each request gets the next script, the last one stays."""
    left = list(scripts)

    def script(peer: socket.socket, got: str) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(peer, got)

    return script


UNAVAILABLE = _answer(b"", "503 Service Unavailable")
FAULTS = {
    "a reset": reset,
    "half an answer": half,
    "502": _answer(b"", "502 Bad Gateway"),
    "503": UNAVAILABLE,
    "504": _answer(b"", "504 Gateway Timeout"),
    "429 with a time": _answer(b"", "429 Too Many Requests", retry_after="0"),
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "half an answer"])
def test_reading_is_tried_again(serve: Serve, fault: str, method: str) -> None:  # noqa: F811
    server = serve(in_turn(FAULTS[fault], _answer(b"" if method == "HEAD" else b"there")))
    lines: list[Exchange] = []
    with client_of(server, record=lines.append) as client:
        answer = client.request(method, server.url)
    assert answer.status_code == 200
    assert len(server.heard) == 2
    assert [line.status for line in lines][1] == 200  # each try is a line of its own
    assert (lines[0].status, lines[0].error) != (200, "")


def test_half_an_answer_is_asked_for_again(serve: Serve) -> None:  # noqa: F811
    server = serve(in_turn(half, _answer(b"whole")))
    with client_of(server) as client:
        assert client.get(server.url).text == "whole"
    assert len(server.heard) == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_what_writes_is_sent_once(serve: Serve, fault: str) -> None:  # noqa: F811
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        server = serve(in_turn(FAULTS[fault], _answer()))
        with client_of(server) as client:
            with suppress(AnswerLost):
                assert client.request(method, server.url, json={"a": 1}).status_code != 200
        time.sleep(0.05)
        assert len(server.heard) == 1, method
        assert server.heard[0].startswith(method)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_post_that_its_caller_marks_is_tried_again(serve: Serve, fault: str) -> None:  # noqa: F811
    server = serve(in_turn(FAULTS[fault], _answer()))
    with client_of(server) as client:
        answer = client.post(server.url, json={"q": 1}, extensions={SAFE: True})
    assert answer.status_code == 200
    assert len(server.heard) == 2
    assert server.heard[0].partition("\r\n\r\n")[0] == server.heard[1].partition("\r\n\r\n")[0]


def test_a_body_that_is_a_stream_is_sent_once_even_where_it_is_marked(serve: Serve) -> None:  # noqa: F811
    server = serve(in_turn(UNAVAILABLE, _answer()))
    with client_of(server) as client:
        answer = client.post(
            server.url,
            content=iter([b"gone"]),
            headers={"content-length": "4"},
            extensions={SAFE: True},
        )
    assert answer.status_code == 503
    assert len(server.heard) == 1


def test_a_connection_that_was_never_made_is_tried_again_for_every_method() -> None:
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_AGAIN, "the name server is away")

    for method in ("GET", "POST", "DELETE"):
        asked.clear()
        retrying.reserve.clear()
        with guarded_client(allow=(), resolver=resolver) as client, pytest.raises(ConnectFailed):
            client.request(method, "http://away.test/", json={})
        assert len(asked) == 3, method


def test_a_post_reaches_a_server_that_comes_up_a_moment_later(
    serve: Serve,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = serve(_answer(b"posted"))
    free = socket.create_server(("127.0.0.1", 0))
    closed = free.getsockname()[1]
    free.close()
    ports = iter([closed, server.port])
    real = socket.create_connection

    def connect(address: tuple[str, int], *args: object, **kwargs: object) -> socket.socket:
        return real((address[0], next(ports)), *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "create_connection", connect)
    lines: list[Exchange] = []
    with client_of(server, record=lines.append) as client:
        assert client.post(server.url, json={"a": 1}).text == "posted"
    assert len(server.heard) == 1
    assert [line.error for line in lines] == ["outbound.unreachable", ""]


def test_a_name_that_does_not_exist_and_a_refusal_of_ours_are_final() -> None:
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        if host == "inside.test":
            return ["10.0.0.1"]
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with guarded_client(allow=(), resolver=resolver) as client:
        with pytest.raises(ConnectFailed):
            client.get("http://nowhere.test/")
        with pytest.raises(OutboundRefused):
            client.get("http://inside.test/")
    assert asked == ["nowhere.test", "inside.test"]


def test_two_more_tries_and_no_third(serve: Serve) -> None:  # noqa: F811
    lines: list[Exchange] = []
    server = serve(UNAVAILABLE)
    with client_of(server, record=lines.append) as client:
        assert client.get(server.url).status_code == 503
    assert len(server.heard) == len(lines) == 3
    broken = serve(reset)
    with client_of(broken) as client, pytest.raises(AnswerLost):
        client.get(broken.url)
    assert len(broken.heard) == 3


def test_other_answers_are_answers(serve: Serve) -> None:  # noqa: F811
    for status in ("400 Bad Request", "401 Unauthorized", "404 Not Found", "500 Oops"):
        server = serve(_answer(b"", status))
        with client_of(server) as client:
            client.get(server.url)
        assert len(server.heard) == 1, status


def test_the_time_that_a_server_names_is_waited_for(serve: Serve) -> None:  # noqa: F811
    server = serve(in_turn(_answer(b"", "429 Slow Down", retry_after="1"), _answer(b"now")))
    started = time.monotonic()
    with client_of(server) as client:
        assert client.get(server.url).text == "now"
    assert 1 <= time.monotonic() - started < 2.5


def test_a_full_bucket_that_says_when_it_resets_is_waited_for_too(serve: Serve) -> None:  # noqa: F811
    full = _answer(b"", "429 Slow Down", x_ratelimit_remaining="0", x_ratelimit_reset="1")
    server = serve(in_turn(full, _answer(b"now")))
    started = time.monotonic()
    with client_of(server) as client:
        assert client.get(server.url).text == "now"
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize(
    "headers",
    [
        {"retry_after": "4"},  # longer than the call may take
        {"retry_after": "600"},
        {},  # says nothing
    ],
)
def test_a_429_beyond_the_calls_time_is_handed_back_at_once(
    serve: Serve,  # noqa: F811
    headers: dict[str, str],
) -> None:
    server = serve(_answer(b"", "429 Slow Down", **headers))
    started = time.monotonic()
    with client_of(server, timeout=3) as client:
        assert client.get(server.url).status_code == 429
    assert time.monotonic() - started < 1
    assert len(server.heard) == 1


def test_the_callers_time_is_never_overrun(serve: Serve) -> None:  # noqa: F811
    server = serve(in_turn(reset, silence))
    started = time.monotonic()
    with client_of(server, timeout=1) as client, pytest.raises(AnswerLost):
        client.get(server.url)
    assert time.monotonic() - started < 1.5
    silent = serve(silence)
    with client_of(silent, timeout=0.5) as client, pytest.raises(AnswerLost):
        client.get(silent.url)
    assert len(silent.heard) == 1  # nothing of the time was left for another


def test_the_waits_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    request = httpx.Request("GET", "http://x.test/")
    waits = []
    for _ in range(50):
        retrying.reserve.clear()
        answer = httpx.Response(503)
        waits.append(
            retrying.wait_before_another(request, answer, made=1, left=10, sent_once=False)
        )
    assert len(set(waits)) > 40
    assert all(wait is not None and 0.05 < wait < 0.5 for wait in waits)


def test_callers_that_try_again_themselves_get_one_try(serve: Serve) -> None:  # noqa: F811
    server = serve(UNAVAILABLE)
    with client_of(server, tries=1) as client:
        client.get(server.url)
    assert len(server.heard) == 1
    with client_of(server) as client, client.once():
        client.get(server.url)
    assert len(server.heard) == 2


def test_what_a_network_gives_only_once_is_not_asked_for_twice(serve: Serve) -> None:  # noqa: F811
    """Renewing under a journal: the first answer may have used the old token up."""
    kept: list[list[Answer]] = []
    server = serve(reset)
    with (
        client_of(server) as client,
        client.journaled(Journal(kept.append)),
        pytest.raises(AnswerLost),
    ):
        client.get(f"{server.url}/refresh", extensions={SAFE: True})
    assert len(server.heard) == 1
    assert kept == []


def test_a_server_that_is_down_is_not_asked_more_and_more(serve: Serve) -> None:  # noqa: F811
    """Thirty calls, each free to try three times, while the server fails: little more than thirty."""
    server = serve(UNAVAILABLE)
    with client_of(server) as client:
        for _ in range(30):
            client.get(server.url)
    assert 30 < len(server.heard) <= 36


def test_a_server_that_is_back_gets_its_tries_back(serve: Serve) -> None:  # noqa: F811
    server = serve(in_turn(*[UNAVAILABLE] * 20, *[_answer()] * 20, UNAVAILABLE, _answer(b"back")))
    with client_of(server) as client:
        while client.get(server.url).status_code != 200:
            pass
        while len(server.heard) < 40:
            client.get(server.url)
        assert client.get(server.url).text == "back"


class _Api(JsonApi):
    network = "Somewhere"

    def refusal(self, answer: JsonAnswer) -> ProviderError:
        return ProviderError(ErrorKind.VALIDATION, "no")


def test_networks_say_which_of_their_posts_only_read(serve: Serve) -> None:  # noqa: F811
    server = serve(in_turn(UNAVAILABLE, _answer(b"{}")))
    with client_of(server) as client:
        assert _Api(client).call("POST", server.url, reading=True, json={}).status == 200
    assert len(server.heard) == 2


def test_a_post_that_makes_public_stays_in_doubt_after_one_try(serve: Serve) -> None:  # noqa: F811
    server = serve(in_turn(reset, _answer(b"{}")))
    with client_of(server) as client, pytest.raises(ProviderError) as raised:
        _Api(client).call("POST", server.url, mutating=True, json={})
    assert raised.value.ambiguous
    assert len(server.heard) == 1


def test_each_hop_of_a_redirect_may_be_tried_again(serve: Serve) -> None:  # noqa: F811
    second = serve(in_turn(UNAVAILABLE, _answer(b"there")))
    first = serve(in_turn(reset, _answer(b"", "302 Found", location=f"{second.url}/x")))
    with client_of(first, second) as client:
        assert client.get(first.url).text == "there"
