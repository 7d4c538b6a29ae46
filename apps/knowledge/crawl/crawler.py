"""The crawl itself: what to fetch next, when to stop, what became of each page."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from apps.knowledge.crawl import sitemap
from apps.knowledge.crawl.addresses import (
    clean_address,
    identity,
    may_hold_text,
    normalise,
    same_site,
)
from apps.knowledge.crawl.errors import (
    CrawlError,
    NothingReadable,
    RobotsRefused,
    SiteUnreachable,
)
from apps.knowledge.crawl.fetch import Fetch, Fetched, FetchFailed
from apps.knowledge.crawl.robots import USER_AGENT, Robots
from apps.knowledge.reading import Look, Reading, ReadingError, kind_of, look_of, read

__all__ = [
    "USER_AGENT",
    "CrawlLimits",
    "CrawlResult",
    "PageResult",
    "PageStatus",
    "crawl",
]

_STYLESHEETS = 2


class PageStatus(StrEnum):
    READ = "read"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    MISSING = "missing"
    FAILED = "failed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class CrawlLimits:
    """`bytes` sums the bodies, `seconds` is wall time, `delay` is between two requests."""

    pages: int = 40
    bytes: int = 50_000_000
    seconds: float = 90.0
    delay: float = 0.1
    max_delay: float = 3.0
    sitemaps: int = 5


@dataclass(frozen=True)
class PageResult:
    url: str
    status: PageStatus
    http_status: int | None = None
    code: str = ""
    message: str = ""
    reading: Reading | None = None
    bytes: int = 0
    retryable: bool = False


@dataclass
class CrawlResult:
    """Pages in the order they were fetched. `stopped_by` names the cap that ended it, if one did."""

    root: str
    pages: list[PageResult] = field(default_factory=list)
    look: Look = field(default_factory=Look)
    stopped_by: str = ""
    bytes: int = 0
    seconds: float = 0.0

    @property
    def read(self) -> list[PageResult]:
        return [page for page in self.pages if page.status is PageStatus.READ]


Progress = Callable[[int, int, PageResult], None]


def crawl(
    address: str,
    fetch: Fetch,
    *,
    limits: CrawlLimits | None = None,
    progress: Progress | None = None,
    checkpoint: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> CrawlResult:
    """Read the site at `address`.

    `progress(done, known, page)` is called after each page. Raises `SiteUnreachable` (retryable),
    `RobotsRefused`, `NothingReadable` or `CrawlError` when no page at all could be read.
    `checkpoint()` is called before each request and ends the crawl by raising; pages reported until
    then are the caller's to keep.
    """
    return _Crawl(address, fetch, limits or CrawlLimits(), progress, checkpoint, sleep).run()


def read_sitemap_only(
    address: str,
    fetch: Fetch,
    *,
    limits: CrawlLimits | None = None,
    progress: Progress | None = None,
    checkpoint: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> CrawlResult:
    """Read only the pages that the sitemap at `address` lists. Errors as for `crawl`."""
    run = _Crawl(address, fetch, limits or CrawlLimits(), progress, checkpoint, sleep)
    return run.run(sitemap_only=True)


class _Crawl:
    def __init__(
        self,
        address: str,
        fetch: Fetch,
        limits: CrawlLimits,
        progress: Progress | None,
        checkpoint: Callable[[], None],
        sleep: Callable[[float], None],
    ) -> None:
        self.root = clean_address(address)
        self.limits = limits
        self.result = CrawlResult(root=self.root)
        self._raw_fetch = fetch
        self._progress = progress
        self._checkpoint = checkpoint
        self._sleep = sleep
        self._started = time.monotonic()
        self._last_fetch = 0.0
        self._queue: deque[str] = deque()
        self._seen: set[str] = set()
        self._contents: dict[str, str] = {}
        self._follow_links = True
        self.robots = Robots.absent()

    def run(self, *, sitemap_only: bool = False) -> CrawlResult:
        self.robots = Robots.load(self.root, self._fetch)
        self._check_robots()
        if sitemap_only:
            self._follow_links = False
            self._enqueue_all(self._sitemap_pages([self.root]))
            if not self._queue:
                raise NothingReadable("There is no sitemap with pages at this address.")
        else:
            self._enqueue(self.root)
        while self._queue and not self._capped():
            self._visit(self._queue.popleft())
            if len(self.result.pages) == 1 and not sitemap_only:
                # After the home page: a dead site should cost one request, not six.
                self._enqueue_all(self._sitemap_pages(self.robots.sitemaps(self.root)))
        self.result.seconds = time.monotonic() - self._started
        if not self.result.read:
            raise self._nothing_read()
        return self.result

    def _fetch(self, url: str) -> Fetched:
        self._checkpoint()
        delay = min(max(self.limits.delay, self.robots.delay), self.limits.max_delay)
        wait = self._last_fetch + delay - time.monotonic()
        if self._last_fetch and wait > 0:
            self._sleep(wait)
        try:
            answer = self._raw_fetch(url)
        finally:
            self._last_fetch = time.monotonic()
        self.result.bytes += len(answer.body)
        return answer

    def _capped(self) -> bool:
        if len(self.result.pages) >= self.limits.pages:
            self.result.stopped_by = "pages"
        elif self.result.bytes >= self.limits.bytes:
            self.result.stopped_by = "bytes"
        elif time.monotonic() - self._started >= self.limits.seconds:
            self.result.stopped_by = "seconds"
        return bool(self.result.stopped_by)

    def _enqueue_all(self, urls: Iterator[str] | list[str]) -> None:
        for url in urls:
            self._enqueue(url)

    def _enqueue(self, url: str) -> None:
        try:
            url, key = normalise(url), identity(url)
        except ValueError:
            return
        if key in self._seen or not may_hold_text(url) or not same_site(url, self.root):
            return
        # Far more than will ever be fetched; a calendar of endless links must not fill memory.
        if len(self._seen) < self.limits.pages * 50:
            self._seen.add(key)
            self._queue.append(url)

    def _sitemap_pages(self, addresses: list[str]) -> Iterator[str]:
        waiting, tried = deque(addresses), 0
        while waiting and tried < self.limits.sitemaps and not self._capped():
            tried += 1
            try:
                answer = self._fetch(waiting.popleft())
            except FetchFailed:
                continue
            if answer.status != 200:
                continue
            found = sitemap.parse(answer.body)
            waiting.extend(url for url in found.sitemaps if same_site(url, self.root))
            yield from found.pages

    def _visit(self, url: str) -> None:
        page = self._page(url)
        self.result.pages.append(page)
        if page.reading is not None and self._follow_links:
            self._enqueue_all(list(page.reading.links))
        if self._progress is not None:
            known = min(len(self.result.pages) + len(self._queue), self.limits.pages)
            self._progress(len(self.result.pages), known, page)

    def _page(self, url: str) -> PageResult:
        if not self.robots.allows(url):
            return PageResult(
                url,
                PageStatus.REFUSED,
                code="robots_refused",
                message="robots.txt asks to skip it.",
            )
        try:
            answer = self._fetch(url)
        except FetchFailed as error:
            return PageResult(
                url,
                PageStatus.FAILED,
                code=error.code,
                message=error.message,
                retryable=error.retryable,
            )
        if not self.result.pages and answer.status < 400 and not same_site(answer.url, self.root):
            # The typed address moved to another host: that is where the brand lives now.
            self._move_root(answer.url)
        if (bad := self._bad_answer(url, answer)) is not None:
            return bad
        return self._read(url, answer)

    def _move_root(self, url: str) -> None:
        self.root = self.result.root = clean_address(url)
        self.robots = Robots.load(self.root, self._fetch)
        self._check_robots()

    def _check_robots(self) -> None:
        if self.robots.refuse_all:
            raise SiteUnreachable("The website answered its robots.txt with an error. Try later.")
        if not self.robots.allows(self.root):
            raise RobotsRefused(
                "The website's robots.txt asks not to be read. Upload documents instead, "
                "or allow Candy there."
            )

    def _bad_answer(self, url: str, answer: Fetched) -> PageResult | None:
        status = answer.status
        if status in (404, 410):
            message = f"The page does not exist (answer {status})."
            return PageResult(url, PageStatus.MISSING, status, "not_found", message)
        if status in (401, 403):
            message = f"The page is not public (answer {status})."
            return PageResult(url, PageStatus.REFUSED, status, "not_public", message)
        if status != 200:
            message = f"The website answered with an error ({status})."
            return PageResult(url, PageStatus.FAILED, status, "http_error", message)
        if not same_site(answer.url, self.root):
            message = "The page moved to another website."
            return PageResult(url, PageStatus.REFUSED, status, "left_site", message)
        if kind_of(name=answer.url, mime=answer.mime or "text/html") is None:
            message = f"Not a page with text ({answer.mime})."
            return PageResult(url, PageStatus.UNREADABLE, status, "not_text", message)
        return None

    def _read(self, url: str, answer: Fetched) -> PageResult:
        size = len(answer.body)
        self._seen.add(identity(answer.url))
        try:
            reading = read(
                answer.body,
                mime=answer.mime or "text/html",
                charset=answer.charset,
                url=answer.url,
            )
        except ReadingError as error:
            status = PageStatus.UNREADABLE
            return PageResult(url, status, 200, error.code, error.message, bytes=size)
        if not self.result.pages and reading.kind == "html":
            self.result.look = self._look(answer)
        digest = hashlib.sha256(reading.text.encode()).hexdigest()
        first = self._contents.setdefault(digest, answer.url)
        if first != answer.url:
            message = f"Same text as {first}."
            return PageResult(
                url,
                PageStatus.DUPLICATE,
                200,
                "duplicate",
                message,
                reading,
                bytes=size,
            )
        return PageResult(answer.url, PageStatus.READ, 200, reading=reading, bytes=size)

    def _look(self, answer: Fetched) -> Look:
        """Look of the home page, with the colours of its first style sheets where they answer."""
        look = look_of(answer.body, url=answer.url, charset=answer.charset)
        sheets = []
        for address in look.stylesheets[:_STYLESHEETS]:
            try:
                sheet = self._fetch(address)
            except FetchFailed:
                continue
            if sheet.status == 200 and sheet.mime in ("text/css", ""):
                sheets.append(sheet.body.decode("utf-8", "replace"))
        if not sheets:
            return look
        css = "\n".join(sheets)
        return look_of(answer.body, url=answer.url, charset=answer.charset, css=css)

    def _nothing_read(self) -> Exception:
        first = self.result.pages[0] if self.result.pages else None
        if first is None:
            return NothingReadable("Nothing could be read at this address.")
        if first.retryable or (first.http_status or 0) in (429, *range(500, 600)):
            return SiteUnreachable(first.message, params={"url": first.url})
        if first.code == "robots_refused":
            return RobotsRefused("The website's robots.txt asks not to be read.")
        if first.status is PageStatus.UNREADABLE:
            return NothingReadable(first.message, code=first.code)
        return CrawlError(first.message, code=first.code, params={"url": first.url})
