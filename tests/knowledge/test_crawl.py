"""The crawler's own rules, over a scripted fetch: caps, order, delays, sitemaps, addresses."""

from __future__ import annotations

import gzip

import pytest

from apps.knowledge.crawl import (
    CrawlLimits,
    Fetched,
    FetchFailed,
    PageStatus,
    RobotsRefused,
    SiteUnreachable,
    crawl,
)
from apps.knowledge.crawl import sitemap as sitemaps
from apps.knowledge.crawl.addresses import (
    AddressInvalid,
    clean_address,
    identity,
    normalise,
    same_site,
)

ROOT = "https://kettle.example/"


class Web:
    """Pages by address; a missing one is a 404. `hits` keeps the order."""

    def __init__(self, **pages):
        self.pages = {}
        self.hits = []
        for path, page in pages.items():
            self.pages[ROOT + path] = page

    def __call__(self, url):
        self.hits.append(url)
        page = self.pages.get(url)
        if isinstance(page, Exception):
            raise page
        if page is None:
            return Fetched(url, 404, {"content-type": "text/html"}, b"")
        if isinstance(page, Fetched):
            return page
        return Fetched(url, 200, {"content-type": "text/html"}, page.encode())


def linked(*paths, words="We blend tea on a hill."):
    return f"<body><p>{words}</p>" + "".join(f"<a href='/{p}'>{p}</a>" for p in paths) + "</body>"


def run(web, **limits):
    slept = []
    result = crawl(ROOT, web, limits=CrawlLimits(**{"delay": 0, **limits}), sleep=slept.append)
    result.slept = slept
    return result


def test_the_page_cap_ends_the_crawl_and_says_so():
    names = [f"p{n}" for n in range(50)]
    web = Web(**{"": linked(*names)}, **{n: linked(words=f"Text of {n}.") for n in names})
    result = run(web, pages=5)
    assert len(result.pages) == 5
    assert result.stopped_by == "pages"


def test_the_byte_cap_ends_the_crawl():
    web = Web(
        **{"": linked("a", "b"), "a": linked(words="a" * 5000), "b": linked(words="b" * 5000)}
    )
    assert run(web, bytes=4000).stopped_by == "bytes"


def test_links_that_never_end_do_not_fill_the_memory():
    class Endless(Web):
        def __call__(self, url):
            self.hits.append(url)
            number = len(self.hits)
            return Fetched(url, 200, {"content-type": "text/html"}, linked(
                *[f"{number}-{n}" for n in range(2000)], words=f"Page {number}."
            ).encode())  # fmt: skip

    result = run(Endless(), pages=4)
    assert len(result.pages) == 4


def test_a_crawl_delay_is_respected_up_to_a_cap():
    robots = Fetched(ROOT, 200, {"content-type": "text/plain"}, b"User-agent: *\nCrawl-delay: 600")
    web = Web(**{"": linked("a"), "a": linked(words="Other text."), "robots.txt": robots})
    result = run(web, max_delay=2.0)
    assert len(result.read) == 2
    assert result.slept
    assert all(0 < pause <= 2.0 for pause in result.slept)


def test_robots_that_fail_on_the_server_close_the_site_for_now():
    web = Web(**{"": linked(), "robots.txt": Fetched(ROOT, 503, {}, b"")})
    with pytest.raises(SiteUnreachable):
        run(web)
    assert len(web.hits) == 1


def test_our_name_in_robots_counts_before_everybodys():
    rules = b"User-agent: *\nDisallow:\n\nUser-agent: Candy\nDisallow: /"
    web = Web(
        **{"": linked(), "robots.txt": Fetched(ROOT, 200, {"content-type": "text/plain"}, rules)}
    )
    with pytest.raises(RobotsRefused):
        run(web)


def test_a_page_that_fails_is_recorded_and_the_rest_goes_on():
    web = Web(
        **{"": linked("a", "b"), "a": FetchFailed("x", "Gone dark."), "b": linked(words="Fine.")}
    )
    statuses = {page.url.removeprefix(ROOT): page.status for page in run(web).pages}
    assert statuses == {"": PageStatus.READ, "a": PageStatus.FAILED, "b": PageStatus.READ}


def test_the_same_text_under_two_addresses_counts_once():
    web = Web(
        **{"": linked("a", "b"), "a": "<p>Same words here.</p>", "b": "<p>Same words here.</p>"}
    )
    result = run(web)
    assert [page.status for page in result.pages].count(PageStatus.DUPLICATE) == 1


def test_a_redirect_to_another_host_at_the_start_is_followed_there():
    new = "https://new.example/"

    def fetch(url):
        if url.endswith("robots.txt") or "sitemap" in url:
            return Fetched(url, 404, {}, b"")
        target = new if url == ROOT else url
        links = "<a href='https://new.example/a'>a</a><a href='https://kettle.example/old'>old</a>"
        return Fetched(
            target, 200, {"content-type": "text/html"}, f"<p>Text at {target}</p>{links}".encode()
        )

    result = crawl(ROOT, fetch, limits=CrawlLimits(delay=0), sleep=lambda seconds: None)
    assert result.root == new
    assert {page.url for page in result.read} == {new, f"{new}a"}


def test_a_checkpoint_that_raises_ends_the_crawl():
    class Stop(Exception):
        pass

    web = Web(**{"": linked("a")})

    def checkpoint():
        if len(web.hits) == 2:
            raise Stop

    with pytest.raises(Stop):
        crawl(ROOT, web, limits=CrawlLimits(delay=0), checkpoint=checkpoint)
    assert len(web.hits) == 2


XML = (
    '<?xml version="1.0"?><{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    "<{item}><loc>https://kettle.example/x</loc></{item}></{kind}>"
)


@pytest.mark.parametrize("pack", [lambda body: body, gzip.compress])
def test_sitemaps_are_read_plain_and_packed(pack):
    pages = XML.format(kind="urlset", item="url").encode()
    index = XML.format(kind="sitemapindex", item="sitemap").encode()
    assert sitemaps.parse(pack(pages)).pages == ("https://kettle.example/x",)
    assert sitemaps.parse(pack(index)).sitemaps == ("https://kettle.example/x",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>no</body></html>",
        b"\x1f\x8bbroken",
        b"<urlset><url><loc>javascript:alert(1)</loc></url></urlset>",
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset><url><loc>&a;</loc></url></urlset>',
    ],
)
def test_what_is_no_sitemap_is_an_empty_one(body):
    assert not sitemaps.parse(body)


def test_a_packed_sitemap_does_not_unpack_without_end():
    bomb = gzip.compress(b"<urlset>" + b" " * 50_000_000)
    assert not sitemaps.parse(bomb)


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("kettle.example", "https://kettle.example/"),
        ("  HTTP://Kettle.example/a#b ", "HTTP://Kettle.example/a"),
        ("https://kettle.example:8443/x?y=1", "https://kettle.example:8443/x?y=1"),
    ],
)
def test_typed_addresses_are_completed(typed, cleaned):
    assert clean_address(typed).lower() == cleaned.lower()


@pytest.mark.parametrize(
    "typed",
    ["", "kettle", "http://", "file:///etc/passwd", "https://a\\b.example", "https://x:99999/"],
)
def test_typed_nonsense_is_refused(typed):
    with pytest.raises(AddressInvalid):
        clean_address(typed)


def test_one_page_has_one_identity():
    spellings = [
        "https://www.kettle.example/a/",
        "http://kettle.example/a",
        "https://kettle.example:443/a/index.html",
        "https://kettle.example/b/../a?utm_source=x#top",
    ]
    assert len({identity(url) for url in spellings}) == 1
    assert identity("https://kettle.example/a?page=2") != identity("https://kettle.example/a")
    assert normalise("https://KETTLE.example?b=2&a=1") == "https://kettle.example/?a=1&b=2"


def test_another_subdomain_is_another_site():
    assert same_site("https://www.kettle.example/x", ROOT)
    assert not same_site("https://shop.kettle.example/", ROOT)
    assert not same_site("https://kettle.example.evil.example/", ROOT)
