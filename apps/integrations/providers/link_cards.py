"""What a page says about itself for a link's card, for networks that take the card from us.

Pages are typed by people, so everything here goes through the guarded client and a page that does
not answer, is no page or is enormous simply has no card.
"""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

from apps.integrations.http import GuardedClient, OutboundError

PAGE_SECONDS = 6.0
_READ = 400_000  # characters: what describes a page stands in its head
_MAGIC = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
}
_TITLES = ("og:title", "twitter:title")
_DESCRIPTIONS = ("og:description", "twitter:description", "description")
_IMAGES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image")


@dataclass(frozen=True, slots=True)
class LinkCard:
    """`image` is an absolute address, or empty."""

    title: str = ""
    description: str = ""
    image: str = ""


def read_card(url: str, client: GuardedClient) -> LinkCard:
    """The page's own title, description and picture; an empty card where it has none."""
    try:
        answer = client.get(url, headers={"Accept": "text/html"}, timeout=PAGE_SECONDS)
    except OutboundError:
        return LinkCard()
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status_code != 200 or kind not in ("text/html", "application/xhtml+xml"):
        return LinkCard()
    head = _Head()
    head.feed(answer.text[:_READ])
    head.close()
    image = head.first(_IMAGES)
    return LinkCard(
        title=(head.first(_TITLES) or " ".join("".join(head.title).split()))[:300],
        description=head.first(_DESCRIPTIONS)[:1000],
        image=_absolute(str(answer.url), image) if image else "",
    )


def _absolute(page: str, address: str) -> str:
    try:
        return urljoin(page, address)
    except ValueError:  # no address at all: a card without a picture
        return ""


def read_image(url: str, client: GuardedClient, *, max_bytes: int) -> tuple[bytes, str] | None:
    """The picture's bytes and type as its first bytes tell; None for anything else."""
    if not url.startswith(("https://", "http://")):
        return None
    try:
        answer = client.get(url, headers={"Accept": "image/*"}, timeout=PAGE_SECONDS)
    except OutboundError:
        return None
    data = answer.content
    if answer.status_code != 200 or not data or len(data) > max_bytes:
        return None
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return data, "image/webp"
    return next(((data, mime) for magic, mime in _MAGIC.items() if data.startswith(magic)), None)


class _Head(HTMLParser):
    """The title and the meta tags of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self._meta: dict[str, str] = {}
        self._in_title = False

    def first(self, names: tuple[str, ...]) -> str:
        return next((self._meta[name] for name in names if self._meta.get(name)), "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and not self.title:
            self._in_title = True
        elif tag == "meta":
            given = {name: value or "" for name, value in attrs}
            name = (given.get("property") or given.get("name") or "").strip().lower()
            self._meta.setdefault(name, " ".join(given.get("content", "").split()))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title.append(data)
