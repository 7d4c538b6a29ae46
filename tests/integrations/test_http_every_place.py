"""Every place where a person, a page or a network names an address, held to the hostile corpus."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx2
import jwt
import pytest
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from django.conf import settings as django_settings

from apps.agents.llm.transport import GuardedTransport as ModelTransport
from apps.errors import DomainError
from apps.integrations import providers
from apps.integrations.http import guarded_client
from apps.integrations.providers import link_cards
from apps.integrations.services import connections, sign_ins
from apps.integrations.services.tallies import tallies
from apps.knowledge.models import Brand, Source
from apps.knowledge.services import crawling
from apps.workspaces.types import Actor

from .hostile import CASES, Case
from .test_http_hostile import Wire, prepare, wire  # noqa: F401  the tap on every socket

ONE_PAGE = crawling.CrawlLimits(pages=1, seconds=5, delay=0, max_delay=0)


@pytest.fixture
def closed(wire: Wire, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Wire:  # noqa: F811
    """Nothing private is allowed; our own Valkey is no address from outside."""
    settings.CANDY_OUTBOUND_ALLOW = []
    own = urlsplit(django_settings.REDIS_URL).port
    real = wire.connect

    def connect(sock: Any, address: Any) -> Any:
        if isinstance(address, str) or address[1] == own:
            return wire._connect(sock, address)
        return real(sock, address)

    monkeypatch.setattr(wire, "connect", connect)
    tallies()
    return wire


def _typed(provider: str) -> Callable[[Actor, str], object]:
    """All fields of a connect form, the address in each that takes text."""

    def use(actor: Actor, url: str) -> object:
        values = {
            field.name: url if field.kind != "secret" else "x" * 20
            for field in providers.get(provider).connect_fields
        }
        return connections.connect(actor=actor, provider=provider, values=values)

    return use


def _named_server(provider: str, field: str) -> Callable[[Actor, str], object]:
    """The server's address alone, with plausible values beside it."""

    def use(actor: Actor, url: str) -> object:
        given = {"handle": "maren.public.test", "webhook": "https://x.test/api/webhooks/1/abc"}
        values = {
            one.name: given.get(one.name, "x" * 20)
            for one in providers.get(provider).connect_fields
        }
        return connections.connect(actor=actor, provider=provider, values=values | {field: url})

    return use


def _signed_in(provider: str) -> Callable[[Actor, str], object]:
    def use(actor: Actor, url: str) -> object:
        values = {field.name: url for field in providers.get(provider).oauth_fields}
        return sign_ins.start(actor=actor, provider=provider, values=values)

    return use


def _card(actor: Actor, url: str) -> object:
    with guarded_client(timeout=3) as client:
        return link_cards.read_card(url, client)


def _card_image(actor: Actor, url: str) -> object:
    """The picture that a page names for its card: the page's author chooses that address."""
    with guarded_client(timeout=3) as client:
        return link_cards.read_image(url, client, max_bytes=1000)


def _source(**fields: Any) -> Source:
    brand, _ = Brand.objects.get_or_create(name="Kestrel")
    return Source.objects.get_or_create(brand=brand, **fields)[0]


def _website(actor: Actor, url: str) -> object:
    source = _source(kind=Source.Kind.WEBSITE, address=url[:500])
    return crawling.crawl_source(actor=actor, source_id=source.pk, limits=ONE_PAGE)


def _sitemap(actor: Actor, url: str) -> object:
    source = _source(kind=Source.Kind.SITEMAP, address=url[:500])
    return crawling.crawl_source(actor=actor, source_id=source.pk, limits=ONE_PAGE)


def _model(actor: Actor, url: str) -> object:
    """A compatible server whose address a workspace typed."""

    async def ask() -> object:
        async with httpx2.AsyncClient(transport=ModelTransport(timeout=3)) as client:
            return await client.post(url, json={"model": "x"})

    return asyncio.run(ask())


def _sign_on_token(actor: Actor, url: str) -> object:
    """Where a discovery document says that codes become tokens, asked by allauth itself."""
    asker = OAuth2Client(None, "candy", "secret", "POST", url, "https://candy.test/")
    return asker.get_access_token("code")


def _sign_on_keys(actor: Actor, url: str) -> object:
    """Where it says that its keys are."""
    token = jwt.encode({"sub": "7"}, "k" * 32, headers={"kid": "1"})
    return jwtkit.fetch_key(token, url, lambda keys, kid: None)


def _places() -> dict[str, Callable[[Actor, str], object]]:
    found: dict[str, Callable[[Actor, str], object]] = {
        "link card": _card,
        "link card's picture": _card_image,
        "website": _website,
        "sitemap": _sitemap,
        "model server": _model,
        "single sign-on, token": _sign_on_token,
        "single sign-on, keys": _sign_on_keys,
    }
    for network in providers.all_publishers():
        if network.connect_fields:
            found[f"{network.key}, typed"] = _typed(network.key)
        for field in network.connect_fields:
            if field.kind == "host":
                found[f"{network.key}, {field.name}"] = _named_server(network.key, field.name)
        if network.oauth_fields:
            found[f"{network.key}, sign-in"] = _signed_in(network.key)
    return found


PLACES = _places()
# What a library or a parser may say of an address that is none.
_REFUSALS = (DomainError, OAuth2Error, httpx2.HTTPError, httpx2.InvalidURL, ValueError)


@pytest.mark.parametrize("place", PLACES)
def test_no_hostile_address_is_ever_connected_to(
    place: str, closed: Wire, in_workspace: Any, admin: Any, actor_for: Any
) -> None:
    actor = actor_for(admin, in_workspace)
    tried = 0
    for case in CASES:
        url = prepare(case, closed)
        if "\x00" in url and place in ("website", "sitemap"):
            continue  # PostgreSQL holds no such text
        tried += 1
        with suppress(*_REFUSALS):
            PLACES[place](actor, url)
        assert closed.forbidden == [], f"{place}: {case.name}"
    assert tried >= 60


def test_the_tap_sees_what_these_places_do(closed: Wire, in_workspace: Any) -> None:
    """The control: with the private address allowed, the same places do connect to it."""
    case = Case("plain", "http://127.0.0.1:{port}/")
    url = prepare(case, closed)
    django_settings.CANDY_OUTBOUND_ALLOW = [f"127.0.0.1:{closed.port}"]
    reached = []
    for place, use in PLACES.items():
        closed.forbidden.clear()
        with suppress(*_REFUSALS):
            use(Actor.system(in_workspace), url)
        if closed.forbidden:
            reached.append(place)
    assert {"link card", "link card's picture", "website", "model server"} <= set(reached)
    assert "mastodon, host" in reached
    assert {"single sign-on, token", "single sign-on, keys"} <= set(reached)
    assert os.environ.get("HTTP_PROXY", "") == ""
