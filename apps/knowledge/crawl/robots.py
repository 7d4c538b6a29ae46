"""robots.txt as RFC 9309 reads it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

from protego import Protego

from apps.knowledge.crawl.fetch import Fetch, FetchFailed

# The name the guarded client sends.
USER_AGENT = "Candy"
_MAX_BYTES = 512_000
_MAX_SITEMAPS = 5


@dataclass(frozen=True)
class Robots:
    rules: Protego | None
    refuse_all: bool = False

    @classmethod
    def absent(cls) -> Robots:
        return cls(None)

    @classmethod
    def load(cls, root: str, fetch: Fetch) -> Robots:
        """Rules of the site at `root`.

        Missing (4xx) means everything may be read. A server error means nothing may, as RFC 9309
        says. No answer at all is left to the first page, which says why better.
        """
        try:
            answer = fetch(urljoin(root, "/robots.txt"))
        except FetchFailed:
            return cls.absent()
        if answer.status >= 500 or answer.status == 429:
            return cls(None, refuse_all=True)
        if answer.status != 200 or b"<html" in answer.body[:500].lower():
            return cls.absent()
        text = answer.body[:_MAX_BYTES].decode("utf-8", "replace")
        return cls(Protego.parse(text))

    def allows(self, url: str) -> bool:
        if self.refuse_all:
            return False
        return self.rules is None or bool(self.rules.can_fetch(url, USER_AGENT))

    @property
    def delay(self) -> float:
        """Seconds between requests that the site asks for; the crawler caps it."""
        wanted = self.rules.crawl_delay(USER_AGENT) if self.rules is not None else None
        return float(wanted or 0)

    def sitemaps(self, root: str) -> list[str]:
        named = list(self.rules.sitemaps)[:_MAX_SITEMAPS] if self.rules is not None else []
        return named or [urljoin(root, "/sitemap.xml")]
