"""Every place that fetches an address somebody else wrote, against the whole hostile corpus.

The places are found in the source: who opens a guarded client, and who calls one. A new one has to
stand in PLACES with what drives it, or the test fails.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from allauth.socialaccount.providers.oauth2.client import OAuth2Error

from apps.agents.llm.transport import GuardedTransport
from apps.errors import DomainError
from apps.integrations import providers
from apps.integrations.http import forbidden, guarded_client
from apps.integrations.providers.base import Account, App, PublishProvider
from apps.integrations.providers.bluesky import identity
from apps.integrations.providers.link_cards import read_card, read_image
from apps.integrations.sandbox import fetch as sandbox_fetch
from apps.integrations.single_sign_on import Session
from apps.knowledge import crawl as crawling
from apps.knowledge.crawl import fetcher

from .hostile import CASES, PUBLIC
from .test_http_hostile import Wire, prepare, wire

__all__ = ["wire"]  # a fixture

ROOT = Path(__file__).resolve().parents[2]
VERBS = frozenset(
    [
        *["get", "post", "put", "patch", "delete", "head", "options"],
        *["request", "stream", "send", "fetch_token", "refresh_token"],
    ]
)
Drive = Callable[[str, Wire], None]


# --- What drives each place ----------------------------------------------------------------------


def client() -> Any:
    return guarded_client(allow=(), timeout=3)


def crawler(url: str, wire: Wire) -> None:
    with client() as one:
        crawling.crawl(url, fetcher(one), sleep=lambda seconds: None)


def sitemap(url: str, wire: Wire) -> None:
    with client() as one:
        crawling.read_sitemap_only(url, fetcher(one), sleep=lambda seconds: None)


def sitemap_named_by_robots(url: str, wire: Wire) -> None:
    wire.pages["/robots.txt"] = ("text/plain", f"Sitemap: {url}\n".encode())
    wire.pages["/"] = ("text/html", f"<a href='{url}'>in</a><h1>Hello</h1>".encode())
    crawler("http://public.test/", wire)


def page_named_by_sitemap(url: str, wire: Wire) -> None:
    entry = f"<url><loc>{url}</loc></url><sitemap><loc>{url}</loc></sitemap>"
    wire.pages["/sitemap.xml"] = ("application/xml", f"<urlset>{entry}</urlset>".encode())
    sitemap("http://public.test/sitemap.xml", wire)


def link_card(url: str, wire: Wire) -> None:
    with client() as one:
        assert read_card(url, one).title == ""
        assert read_image(url, one, max_bytes=1000) is None


def picture_of_a_card(url: str, wire: Wire) -> None:
    wire.pages["/"] = ("text/html", f'<meta property="og:image" content="{url}">'.encode())
    with client() as one:
        card = read_card("http://public.test/", one)
        if card.image:
            assert read_image(card.image, one, max_bytes=1000) is None


def model_server(url: str, wire: Wire) -> None:
    async def ask() -> None:
        async with httpx2.AsyncClient(transport=GuardedTransport(timeout=3)) as one:
            await one.post(url, json={"model": "x"})

    with suppress(httpx2.HTTPError, httpx2.InvalidURL):
        asyncio.run(ask())


def sign_in_server(url: str, wire: Wire) -> None:
    """What a discovery document names: keys, token, who it is."""
    with Session() as session:
        for ask in (session.get, session.post):
            with suppress(OAuth2Error):
                ask(url)


def fetched_media(url: str, wire: Wire) -> None:
    assert asyncio.run(sandbox_fetch.fetch(url, max_bytes=1000, seconds=3)) is None


def personal_server(url: str, wire: Wire) -> None:
    with client() as one:
        assert identity.server_of(
            {"service": [{"id": "#atproto_pds", "serviceEndpoint": url}]}
        ) in ("", f"https://{PUBLIC}", "https://public.test") or _asked(url, one)
        identity._document(f"did:web:{url.partition('://')[2].strip('/')}", one)
        identity._from_well_known(url.partition("://")[2].strip("/"), one)


def _asked(url: str, one: Any) -> bool:
    base = identity.server_of({"service": [{"id": "#atproto_pds", "serviceEndpoint": url}]})
    with suppress(DomainError):
        providers.get("bluesky").connect({"host": base, "handle": "a.b", "password": "x"}, one)
    return True


def typed_into_forms(url: str, wire: Wire) -> None:
    """Every field of every connect form, and the server typed before a redirect."""
    for network in providers.all_publishers():
        for field in network.connect_fields:
            values = {one.name: "sandbox-maren" for one in network.connect_fields}
            if "host" in values and field.name != "host":
                values["host"] = "https://public.test"
            with client() as one, suppress(DomainError):
                network.connect({**values, field.name: url}, one)
        _begin(network, url)


def _begin(network: PublishProvider, url: str) -> None:
    if not network.oauth:
        return
    values = {field.name: url for field in network.oauth_fields}
    app = App("id", "secret")
    if network.app_scopes:
        with client() as one, suppress(DomainError):
            network.knows_app(network.server_of(values), app, one)
        with client() as one, suppress(DomainError):
            back = "https://x.test/"
            network.register_app(network.server_of(values), redirect_uri=back, client=one)
    with client() as one, suppress(DomainError):
        network.start_oauth(values, app=app, redirect_uri="https://x.test/", state="s", client=one)


def kept_with_an_account(url: str, wire: Wire) -> None:
    """An account's host, should a row ever say something hostile: look, renew, count."""
    credentials = dict.fromkeys(_SECRETS, "x") | {"host": url.rstrip("/")}
    account = Account("1", "@m", "M", host=url.rstrip("/"))
    for network in providers.all_publishers():
        with client() as one:
            # What these credentials lack may stop a network earlier: it is the address that counts.
            with suppress(DomainError, KeyError, ValueError):
                network.verify(credentials, account, one)
            with suppress(DomainError, KeyError, ValueError):
                network.refresh(credentials, one, app=App("i", "s"), host=account.host)
            with suppress(DomainError, KeyError, ValueError):
                network.metrics(credentials, account, ["1"], one)


_SECRETS = ("access", "access_token", "refresh", "refresh_token", "token", "password", "handle")

# Who opens a guarded client or calls one, with what drives it. A new line here needs a drive.
PLACES: dict[str, tuple[Drive, ...]] = {
    "apps/agents/llm/transport.py": (model_server,),
    "apps/integrations/providers/bluesky/client.py": (typed_into_forms, kept_with_an_account),
    "apps/integrations/providers/bluesky/identity.py": (personal_server,),
    "apps/integrations/providers/json_api.py": (typed_into_forms, kept_with_an_account),
    "apps/integrations/providers/link_cards.py": (link_card, picture_of_a_card),
    "apps/integrations/providers/linkedin/client.py": (kept_with_an_account,),
    "apps/integrations/providers/mastodon/client.py": (typed_into_forms, kept_with_an_account),
    "apps/integrations/providers/meta/graph.py": (kept_with_an_account,),
    "apps/integrations/providers/meta/login.py": (kept_with_an_account,),
    "apps/integrations/providers/oauth.py": (kept_with_an_account,),
    "apps/integrations/providers/x/client.py": (kept_with_an_account,),
    "apps/integrations/sandbox/fetch.py": (fetched_media,),
    "apps/integrations/services/connections.py": (typed_into_forms, kept_with_an_account),
    "apps/integrations/services/refreshing.py": (kept_with_an_account,),
    # The address is the operator's sandbox; what it answers is not followed.
    "apps/integrations/services/sandbox.py": (typed_into_forms,),
    "apps/integrations/services/sign_ins.py": (typed_into_forms,),
    "apps/integrations/single_sign_on.py": (sign_in_server,),
    "apps/knowledge/crawl/fetch.py": (
        crawler,
        sitemap,
        sitemap_named_by_robots,
        page_named_by_sitemap,
    ),
    "apps/knowledge/services/crawling.py": (crawler, sitemap),
}
DRIVES = sorted({one for drives in PLACES.values() for one in drives}, key=lambda d: d.__name__)


@pytest.mark.parametrize("drive", DRIVES, ids=lambda drive: drive.__name__)
def test_no_place_connects_to_a_forbidden_address(
    drive: Drive, wire: Wire, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CANDY_OUTBOUND_ALLOW = []
    settings.CANDY_PUBLIC_URL = "https://candy.test"
    driven = 0
    for case in CASES:
        url = prepare(case, wire)
        wire.pages.clear()
        with suppress(DomainError):
            drive(url, wire)
        assert wire.forbidden == [], (case.name, wire.forbidden)
        driven += 1
    assert driven == len(CASES) >= 60
    assert all(not forbidden(str(address[0])) for address in wire.public)  # type: ignore[index]


# --- Whether the list is whole -------------------------------------------------------------------


def fetches(path: Path) -> Iterator[str]:
    """The calls of a file that open a guarded client or send something through one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "guarded_client":
            yield "guarded_client"
        elif isinstance(node.func, ast.Attribute) and node.func.attr in VERBS:
            receiver = ast.unparse(node.func.value)
            last = receiver.rpartition(".")[2]
            if last in ("client", "_client", "oauth") or receiver.endswith("client)"):
                yield f"{receiver}.{node.func.attr}"


def test_every_place_that_fetches_is_driven_here() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "apps").rglob("*.py")
        if "simulat" not in path.name and (ROOT / "apps/integrations/http") not in path.parents
        if any(fetches(path))
    }
    assert found == set(PLACES), "A place that fetches needs its line, and a drive, in PLACES."


def test_the_drives_do_fetch(wire: Wire, settings: Any) -> None:
    """The negative control: a public address is asked by each of them."""
    settings.CANDY_OUTBOUND_ALLOW = []
    for drive in DRIVES:
        wire.public.clear()
        wire.pages.clear()
        wire.dns = {name: [[PUBLIC]] for name in ("other.test",)}
        with suppress(Exception):
            drive("http://public.test/", wire)
        if not wire.public:
            with suppress(Exception):
                drive("https://public.test", wire)
        assert wire.public, drive.__name__


def test_a_page_with_a_broken_picture_address_has_a_card_without_one(wire: Wire) -> None:
    wire.pages["/"] = (
        "text/html",
        b'<title>Hello</title><meta property="og:image" content="http://[127.0.0.1]/">',
    )
    with client() as one:
        card = read_card("http://public.test/", one)
    assert (card.title, card.image) == ("Hello", "")
