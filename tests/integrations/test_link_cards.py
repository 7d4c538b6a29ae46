"""What a page says about itself is read safely, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.integrations.http import guarded_client
from apps.integrations.http.client import GuardedClient
from apps.integrations.providers.link_cards import LinkCard, read_card, read_image

from .hostile import CASES, Case
from .test_http_hostile import Wire, prepare, wire  # noqa: F401  # the fixture

PAGE = """<!doctype html><html><head><title> A
 page </title>
<meta property="og:title" content="Bikes &amp; more"><meta name="description" content="Old">
<meta property="og:description" content="Two   wheels"><meta property="og:image" content="/a.png">
</head><body><title>Not this</title></body></html>"""
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def client_for(answer: Callable[[httpx.Request], httpx.Response]) -> GuardedClient:
    transport: Any = httpx.MockTransport(answer)
    return GuardedClient(
        transport=transport, timeout=5, max_bytes=10**7, max_redirects=3, record=None
    )


def page(body: str | bytes, kind: str = "text/html; charset=utf-8", status: int = 200) -> Any:
    content = body.encode() if isinstance(body, str) else body
    return lambda request: httpx.Response(status, content=content, headers={"content-type": kind})


def test_what_is_meant_for_cards_wins_over_the_title() -> None:
    card = read_card("https://shop.example/bikes/", client_for(page(PAGE)))
    assert card == LinkCard("Bikes & more", "Two wheels", "https://shop.example/a.png")


def test_a_plain_page_has_its_title_in_one_line() -> None:
    plain = "<html><head><title> A\n page </title></head></html>"
    assert read_card("https://a.example/", client_for(page(plain))) == LinkCard("A page")


@pytest.mark.parametrize(
    "answer",
    [
        page(PAGE, status=404),
        page(PAGE, kind="application/pdf"),
        page(b"\xff\xfe\x00", kind="text/html; charset=no-such"),
        page("<meta property=og:title" * 1000),
    ],
)
def test_what_is_no_page_has_no_card(answer: Any) -> None:
    assert read_card("https://a.example/", client_for(answer)).title == ""


def test_a_very_long_title_is_cut() -> None:
    card = read_card("https://a.example/", client_for(page(f"<title>{'x' * 9000}</title>")))
    assert len(card.title) == 300


@pytest.mark.parametrize(
    ("body", "kind", "found"),
    [
        (PNG, "image/png", "image/png"),
        (b"\xff\xd8\xff\xe0" + b"0" * 9, "image/png", "image/jpeg"),
        (b"RIFF0000WEBPVP8 ", "image/webp", "image/webp"),
        (b"<svg onload=alert(1)>", "image/png", None),
        (b"GIF89a", "image/gif", None),
        (PNG + b"0" * 2000, "image/png", None),
    ],
)
def test_a_picture_is_known_by_its_first_bytes_and_small(
    body: bytes, kind: str, found: str | None
) -> None:
    got = read_image("https://a.example/p", client_for(page(body, kind)), max_bytes=1000)
    assert (got[1] if got else None) == found


def test_a_picture_s_address_has_to_be_of_the_web() -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError("asked")

    for url in ("javascript:alert(1)", "data:image/png;base64,AA", "file:///etc/passwd", ""):
        assert read_image(url, client_for(never), max_bytes=1000) is None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_page_has_no_card_and_is_never_connected_to(
    case: Case,
    wire: Wire,  # noqa: F811
) -> None:
    url = prepare(case, wire)
    with guarded_client(allow=(), timeout=3) as client:
        assert read_card(url, client) == LinkCard()
        assert read_image(url, client, max_bytes=1000) is None
    assert wire.forbidden == []
