"""No address from outside makes Candy connect to a private one, counted at the socket itself."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import httpx
import pytest

from apps.integrations.http import (
    BadAnswer,
    OutboundError,
    OutboundRefused,
    forbidden,
    guarded_client,
)

from .hostile import CASES, PUBLIC, PUBLIC6, Case


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.requests.append((self.headers["Host"], self.path))  # type: ignore[attr-defined]
        if self.path.startswith("/to?"):
            self.send_response(302)
            target = unquote(self.path[4:]).encode("utf-8").decode("latin-1")
            self.send_header("Location", target)
            body = b""
        else:
            kind, body = self.server.pages.get(self.path, ("text/plain", b""))  # type: ignore[attr-defined]
            self.send_response(200)
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class Wire:
    """A stub resolver and a tap on every socket; PUBLIC leads to the local server."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.requests = []  # type: ignore[attr-defined]
        self.pages: dict[str, tuple[str, bytes]] = {}  # path to type and body
        self.server.pages = self.pages  # type: ignore[attr-defined]
        self.port = self.server.server_port
        self.dns: dict[str, list[list[str]]] = {}
        self.forbidden: list[object] = []
        self.public: list[object] = []
        self._connect = socket.socket.connect
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def getaddrinfo(self, host: object, port: object, *args: object, **kw: object) -> list[object]:
        name = host.decode() if isinstance(host, bytes) else str(host)
        try:
            infos = _real_getaddrinfo(
                name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
            return list(infos)
        except OSError:
            pass
        name = name.lower().rstrip(".")
        answers = self.dns.get(name) or {
            "localhost": [["127.0.0.1"]],
            "public.test": [[PUBLIC]],
        }.get(name)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in answer
        ]

    def connect(self, sock: socket.socket, address: tuple[object, ...]) -> None:
        if address[0] == PUBLIC:
            self.public.append(address)
            return self._connect(sock, ("127.0.0.1", self.port))
        self.forbidden.append(address)
        raise ConnectionRefusedError("tapped")


_real_getaddrinfo = socket.getaddrinfo


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    tap = Wire()
    monkeypatch.setattr(socket, "getaddrinfo", tap.getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", lambda s, address: tap.connect(s, address))
    yield tap
    tap.server.shutdown()
    tap.server.server_close()


def prepare(case: Case, wire: Wire) -> str:
    wire.dns = {name: [list(a) for a in answers] for name, answers in case.dns.items()}
    return case.url.replace("{port}", str(wire.port))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_address_is_refused_before_any_connection(case: Case, wire: Wire) -> None:
    url = prepare(case, wire)
    with guarded_client(allow=(), timeout=3) as client, pytest.raises(OutboundError) as caught:
        client.get(url)
    assert wire.forbidden == []
    assert isinstance(caught.value, OutboundRefused | BadAnswer)


def test_the_corpus_is_large_and_a_plain_client_falls_for_it(wire: Wire) -> None:
    """The negative control: the tap sees what an unguarded client does."""
    for case in CASES:
        url = prepare(case, wire)
        with httpx.Client(follow_redirects=True, timeout=3, trust_env=False) as client:
            try:
                client.get(url)
            except Exception:
                continue
    assert len(CASES) >= 69
    assert len(wire.forbidden) >= 55


def test_a_public_address_is_used_as_resolved_with_its_own_host_name(wire: Wire) -> None:
    with guarded_client(allow=()) as client:
        answer = client.get("http://public.test/hello")
    assert answer.status_code == 200
    assert wire.public == [(PUBLIC, 80)]
    assert wire.server.requests == [("public.test", "/hello")]  # type: ignore[attr-defined]


def test_a_name_is_resolved_once_so_a_second_answer_is_never_used(wire: Wire) -> None:
    wire.dns = {"rebind.test": [[PUBLIC], ["127.0.0.1"]]}
    with guarded_client(allow=()) as client:
        assert client.get("http://rebind.test/").status_code == 200
    assert wire.forbidden == []
    assert wire.dns["rebind.test"] == [["127.0.0.1"]]


def test_an_address_that_refuses_makes_way_for_the_next_checked_one(wire: Wire) -> None:
    wire.dns = {"two.test": [["93.184.215.15", PUBLIC]]}
    with guarded_client(allow=()) as client:
        assert client.get("http://two.test/").status_code == 200


def test_the_allow_list_opens_exactly_one_host_and_port(wire: Wire) -> None:
    wire.dns = {"inner.test": [["127.0.0.1"]]}
    with guarded_client(allow=[("inner.test", 8070)]) as client:
        with pytest.raises(OutboundError, match="could not be reached"):
            client.get("http://inner.test:8070/")
        with pytest.raises(OutboundRefused):
            client.get("http://inner.test:8071/")
        with pytest.raises(OutboundRefused):
            client.get("http://127.0.0.1:8070/")
    assert set(wire.forbidden) == {("127.0.0.1", 8070)}


def test_a_proxy_from_the_environment_is_ignored(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{wire.port}")
    with guarded_client(allow=()) as client:
        client.get("http://public.test/")
    assert wire.forbidden == []


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", PUBLIC, PUBLIC6, "2a00:1450:4001::1"])
def test_public_addresses_stay_open(address: str) -> None:
    assert not forbidden(address)
