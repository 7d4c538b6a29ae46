"""Sources: from an address or a file to text, and every way in which that can go wrong."""

from __future__ import annotations

import pytest

from apps.errors import DomainError, PermissionDenied
from apps.knowledge import queries
from apps.knowledge.crawl import CrawlLimits
from apps.knowledge.models import Brand, Page, Source
from apps.knowledge.services import crawling, sources
from apps.orchestrator import services as orchestrator
from tests.support.site import Answer, html, serve

pytestmark = pytest.mark.django_db

FAST = CrawlLimits(delay=0, seconds=30)
PARAGRAPH = (
    "<p>We roast coffee in small batches, and we ship it the day after. You can taste the "
    "difference in the first cup. Our roaster has run every Tuesday since 2011.</p>"
)


@pytest.fixture
def actor(in_workspace, owner, actor_for):
    return actor_for(owner, in_workspace)


@pytest.fixture
def allow(settings):
    def allow(site):
        settings.CANDY_OUTBOUND_ALLOW = [site.host_port]

    return allow


def crawl(actor, address, **kwargs):
    source = sources.add_website(actor=actor, address=address)
    try:
        crawling.crawl_source(actor=actor, source_id=source.pk, limits=FAST, **kwargs)
    finally:
        source.refresh_from_db()
    return source


def failing(actor, address):
    with pytest.raises(DomainError) as caught:
        crawl(actor, address)
    source = Source.objects.get()
    assert source.state == Source.State.FAILED
    assert source.error == caught.value.message
    assert source.error_code == caught.value.code
    assert not Page.objects.filter(status="read").exists()
    return caught.value


def test_a_website_becomes_pages_with_text_and_a_look(actor, allow):
    pages = {
        "/": html(
            f'<main><h1>Acme Roasters</h1>{PARAGRAPH}</main><a href="/about">About</a>'
            '<a href="/about#team">Team</a><a href="/gone">Gone</a><a href="/pic.png">Pic</a>',
            title="Acme Roasters | Coffee",
            head='<meta name="theme-color" content="#B5341F">'
            '<link rel="stylesheet" href="/site.css"><link rel="icon" href="/icon.svg" type="image/svg+xml">',
        ),
        "/about": html(f"<main><h1>About</h1>{PARAGRAPH.replace('coffee', 'beans')}</main>"),
        "/site.css": Answer(
            b"a { color: #1a7f5a } b { color: #1a7f5a }", headers={"Content-Type": "text/css"}
        ),
    }
    with serve(pages) as site:
        allow(site)
        source = crawl(actor, site.url)

    assert source.state == Source.State.READY
    assert source.pages_read == 2
    assert {page.url.rpartition("/")[2]: page.status for page in source.pages.all()} == {
        "": "read", "about": "read", "gone": "missing",
    }  # fmt: skip
    assert site.hits.count("/about") == 1
    assert "/pic.png" not in site.hits
    brand = Brand.objects.get()
    assert brand.colours[:2] == ["#b5341f", "#1a7f5a"]
    assert brand.logo_url.endswith("/icon.svg")
    assert any("small batches" in text.text for text in queries.texts())


def test_what_people_typed_about_the_brand_stays(actor, allow):
    Brand.objects.create(name="Typed", colours=["#123456"])
    head = '<meta name="theme-color" content="#B5341F"><meta name="description" content="Found">'
    with serve({"/": html(PARAGRAPH, head=head)}) as site:
        allow(site)
        crawl(actor, site.url)
    brand = Brand.objects.get()
    assert (brand.name, brand.colours, brand.description) == ("Typed", ["#123456"], "Found")


def test_robots_refusal_is_respected_and_said(actor, allow):
    robots = Answer(b"User-agent: *\nDisallow: /", headers={"Content-Type": "text/plain"})
    with serve({"/robots.txt": robots, "/": html(PARAGRAPH)}) as site:
        allow(site)
        error = failing(actor, site.url)
    assert error.code == "robots_refused"
    assert "robots.txt" in error.message
    assert site.hits == ["/robots.txt"]


def test_robots_of_one_path_keeps_the_rest_readable(actor, allow):
    robots = Answer(b"User-agent: *\nDisallow: /private", headers={"Content-Type": "text/plain"})
    pages = {"/robots.txt": robots, "/": html(PARAGRAPH + '<a href="/private/x">x</a>')}
    with serve(pages) as site:
        allow(site)
        source = crawl(actor, site.url)
    assert source.pages.get(url__endswith="/private/x").status == "refused"
    assert "/private/x" not in site.hits


def test_a_dead_website_says_so_and_may_be_tried_again(actor, settings):
    with serve({}) as site:
        address = site.url
    settings.CANDY_OUTBOUND_ALLOW = [address.removeprefix("http://")]
    error = failing(actor, address)
    assert error.code == "site_unreachable"
    assert error.retryable


def test_a_page_that_does_not_exist(actor, allow):
    with serve({}) as site:
        allow(site)
        error = failing(actor, site.url)
    assert error.code == "not_found"
    assert "404" in error.message
    assert not error.retryable


def test_a_website_with_a_server_error_may_be_tried_again(actor, allow):
    with serve({"/": Answer(b"oops", 500)}) as site:
        allow(site)
        assert failing(actor, site.url).retryable


def test_a_page_of_fifty_megabytes_is_given_up_early(actor, allow):
    with serve({"/": Answer(b"<html><body>", chunks=50)}) as site:
        allow(site)
        error = failing(actor, site.url)
    assert error.code == "outbound.body_too_large"


def test_a_host_that_resolves_to_a_private_address_is_refused(actor):
    with serve({"/": html(PARAGRAPH)}) as site:
        error = failing(actor, site.url)
    assert error.code == "outbound.refused"
    assert site.hits == []


def test_binary_sent_as_a_page_is_refused(actor, allow):
    with serve({"/": Answer(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)}) as site:
        allow(site)
        assert failing(actor, site.url).code == "document_binary"


def test_a_wrong_charset_is_seen_through(actor, allow):
    text = (
        "<html><body><p>"
        + "Für die Größe der Tassen gibt es schöne Maße. " * 12
        + "</p></body></html>"
    )
    wrong = Answer(text.encode("cp1252"), headers={"Content-Type": "text/html; charset=utf-8"})
    with serve({"/": wrong}) as site:
        allow(site)
        source = crawl(actor, site.url)
    page = source.pages.get()
    assert "Größe der Tassen" in page.text
    assert page.language == "de"


def test_a_sitemap_source_reads_only_what_it_lists(actor, allow):
    listed = (
        b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        b"<url><loc>{site}/one</loc></url><url><loc>https://elsewhere.example/</loc></url></urlset>"
    )
    pages = {
        "/sitemap.xml": Answer(listed, headers={"Content-Type": "application/xml"}),
        "/one": html(PARAGRAPH + '<a href="/two">two</a>'),
        "/two": html(PARAGRAPH),
    }
    with serve(pages) as site:
        allow(site)
        source = sources.add_sitemap(actor=actor, address=f"{site.url}/sitemap.xml")
        crawling.crawl_source(actor=actor, source_id=source.pk, limits=FAST)
    assert [page.url for page in source.pages.all()] == [f"{site.url}/one"]


def test_a_failed_second_crawl_keeps_the_pages_of_the_first(actor, allow):
    with serve({"/": html(PARAGRAPH)}) as site:
        allow(site)
        source = crawl(actor, site.url)
    with pytest.raises(DomainError):
        crawling.crawl_source(actor=actor, source_id=source.pk, limits=FAST)
    source.refresh_from_db()
    assert source.state == Source.State.FAILED
    assert source.pages.filter(status="read").count() == 1


def test_a_source_removed_while_it_is_read_stays_removed(actor, allow):
    pages = {"/": html(PARAGRAPH + '<a href="/b">b</a>'), "/b": html(PARAGRAPH + "more words here")}
    with serve(pages) as site:
        allow(site)
        source = sources.add_website(actor=actor, address=site.url)

        def remove_then(fraction, message):
            sources.remove(actor=actor, source_id=source.pk)

        crawling.crawl_source(actor=actor, source_id=source.pk, limits=FAST, progress=remove_then)
    assert not Source.objects.exists()
    assert not Page.objects.exists()


def test_the_same_address_is_no_second_source(actor):
    sources.add_website(actor=actor, address="https://Example.com")
    with pytest.raises(DomainError) as caught:
        sources.add_website(actor=actor, address="https://example.com/?utm_source=x")
    assert (caught.value.code, caught.value.field) == ("source_exists", "address")
    assert Source.objects.count() == 1


@pytest.mark.parametrize(
    "typed", ["", "ftp://example.com", "https://user:pass@example.com", "https://", "just words"]
)
def test_what_is_no_address_is_refused_and_nothing_is_added(actor, typed):
    with pytest.raises(DomainError) as caught:
        sources.add_website(actor=actor, address=typed)
    assert caught.value.code == "address_invalid"
    assert not Source.objects.exists()


def test_a_viewer_may_not_add_sources(in_workspace, viewer, actor_for):
    with pytest.raises(PermissionDenied):
        sources.add_website(actor=actor_for(viewer, in_workspace), address="https://example.com")
    assert not Source.objects.exists()
    assert not Brand.objects.exists()


def test_a_document_is_read_when_it_is_added_and_replaced_by_its_name(actor):
    sources.add_document(actor=actor, name="C:\\voice.md", data=b"# Our voice\n\nWe say little.")
    source = sources.add_document(actor=actor, name="voice.md", data=b"# Our voice\n\nWe say less.")
    assert Source.objects.count() == 1
    page = source.pages.get()
    assert (page.title, page.text) == ("Our voice", "Our voice\nWe say less.")


def test_an_unreadable_document_changes_nothing(actor):
    with pytest.raises(DomainError):
        sources.add_document(actor=actor, name="a.pdf", data=b"not a pdf at all")
    assert not Source.objects.exists()


def test_an_empty_folder_is_told_apart_from_a_missing_one(in_workspace, tmp_path):
    from apps.workspaces.types import Actor

    system = Actor.system(in_workspace)
    (tmp_path / "picture.png").write_bytes(b"x")
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DomainError) as caught:
            sources.add_folder(actor=system, folder=folder)
        assert caught.value.code == "folder_empty"


def test_a_folder_keeps_what_can_be_read_and_names_what_cannot(in_workspace, tmp_path):
    from apps.workspaces.types import Actor

    (tmp_path / "good.txt").write_text("We say little and mean it.")
    (tmp_path / "empty.md").write_text("  \n")
    found = sources.add_folder(actor=Actor.system(in_workspace), folder=tmp_path)
    assert {source.address: source.state for source in found} == {
        "good.txt": "ready", "empty.md": "failed",
    }  # fmt: skip


def test_people_may_not_read_folders_of_the_machine(actor, tmp_path):
    (tmp_path / "good.txt").write_text("We say little and mean it.")
    with pytest.raises(PermissionDenied):
        sources.add_folder(actor=actor, folder=tmp_path)
    assert not Source.objects.exists()


def test_the_actions_add_and_read_a_source(actor, allow):
    with serve({"/": html(PARAGRAPH)}) as site:
        allow(site)
        added = orchestrator.run(
            action="knowledge.add_source", actor=actor, input={"address": site.url}
        )
        assert added.state == "waiting"
        done = orchestrator.run(
            action="knowledge.crawl_source", actor=actor, input={"source_id": added.source_id}
        )
    assert (done.state, done.pages_read) == ("ready", 1)
    orchestrator.run(
        action="knowledge.remove_source", actor=actor, input={"source_id": added.source_id}
    )
    assert not Source.objects.exists()


def test_a_stopped_source_is_not_read_when_its_job_comes(actor, allow):
    with serve({"/": html(PARAGRAPH)}) as site:
        allow(site)
        source = sources.add_website(actor=actor, address=site.url)
        sources.stop(actor=actor, source_id=source.pk)
        crawling.crawl_source(actor=actor, source_id=source.pk, limits=FAST)
    source.refresh_from_db()
    assert source.state == Source.State.STOPPED
    assert site.hits == []


def test_events_tell_what_happened_to_a_source(actor, allow):
    from apps.orchestrator.models import Event

    with serve({"/": html(PARAGRAPH)}) as site:
        allow(site)
        crawl(actor, site.url)
    with pytest.raises(DomainError):
        crawl(actor, "https://nothing-is-here.invalid")
    kinds = list(Event.objects.order_by("sequence").values_list("kind", flat=True))
    assert kinds == ["source.added", "source.crawled", "source.added", "source.failed"]
