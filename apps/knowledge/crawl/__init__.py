"""A polite crawler for one site: robots, sitemap, links, caps, a status for every page.

Pure over a `Fetch` callable: it knows no database and no HTTP client.
"""

from apps.knowledge.crawl.crawler import (
    CrawlLimits,
    CrawlResult,
    PageResult,
    PageStatus,
    crawl,
    read_sitemap_only,
)
from apps.knowledge.crawl.errors import (
    CrawlError,
    NothingReadable,
    RobotsRefused,
    SiteUnreachable,
)
from apps.knowledge.crawl.fetch import Fetched, FetchFailed, fetcher

__all__ = [
    "CrawlError",
    "CrawlLimits",
    "CrawlResult",
    "FetchFailed",
    "Fetched",
    "NothingReadable",
    "PageResult",
    "PageStatus",
    "RobotsRefused",
    "SiteUnreachable",
    "crawl",
    "fetcher",
    "read_sitemap_only",
]
