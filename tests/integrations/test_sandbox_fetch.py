"""Simulated networks fetch files by address, which is an open door unless it is guarded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from apps.integrations.sandbox.fetch import Fetched, fetch
from tests.support.site import Answer, Site, serve

from .hostile import CASES, Case
from .test_http_hostile import Wire, prepare, wire

__all__ = ["wire"]  # a fixture


@pytest.fixture
def site() -> Iterator[Site]:
    pages = {"/a.jpg": Answer(b"x" * 900, headers={"Content-Type": "image/jpeg; charset=x"})}
    with serve(pages | {"/moved": Answer(b"", 302, {"Location": "/a.jpg"})}) as site:
        yield site


def get(url: str, max_bytes: int = 10_000) -> Fetched | None:
    return asyncio.run(fetch(url, max_bytes=max_bytes, seconds=3))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_address_is_never_connected_to(case: Case, wire: Wire) -> None:
    assert get(prepare(case, wire)) is None
    assert wire.forbidden == []


def test_candys_own_public_address_is_open_and_no_other_private_one(
    site: Site, settings: Any
) -> None:
    settings.CANDY_OUTBOUND_ALLOW = []
    assert get(f"{site.url}/a.jpg") is None
    assert site.hits == []
    settings.CANDY_PUBLIC_URL = site.url
    assert get(f"{site.url}/a.jpg") == Fetched("image/jpeg", b"x" * 900)


def test_what_is_missing_moved_or_too_large_is_no_file(site: Site, settings: Any) -> None:
    settings.CANDY_PUBLIC_URL = site.url
    assert get(f"{site.url}/none.jpg") is None
    assert get(f"{site.url}/moved") is None, "networks follow no redirect"
    assert get(f"{site.url}/a.jpg", max_bytes=100) is None
    assert get("not an address") is None
