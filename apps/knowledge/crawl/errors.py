"""Why a crawl as a whole gave nothing. One page's failure is a status on that page instead."""

from __future__ import annotations

from apps.errors import Unavailable, ValidationFailed


class CrawlError(ValidationFailed):
    code = "crawl_failed"


class RobotsRefused(CrawlError):
    code = "robots_refused"


class NothingReadable(CrawlError):
    code = "nothing_readable"


class SiteUnreachable(Unavailable):
    """The site did not answer. Retryable: sites come back."""

    code = "site_unreachable"
