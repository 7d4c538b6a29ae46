"""A made-up brand's web site, served below `/site/`: something real to learn a voice from."""

from __future__ import annotations

from html import escape
from pathlib import Path

from .kernel import Request, Response

PAGES = Path(__file__).parent / "site"
KINDS = {".html": "text/html", ".css": "text/css", ".svg": "image/svg+xml"}


def answer(request: Request) -> Response:
    if request.path == "/robots.txt":
        return _text(f"User-agent: *\nAllow: /site/\nSitemap: {request.base}/site/sitemap.xml\n")
    if request.path == "/site":
        return Response(status=301, headers={"location": "/site/"})
    if request.path == "/site/robots.txt":
        return _text("User-agent: *\nAllow: /\nSitemap: sitemap.xml\n")
    if request.path == "/site/sitemap.xml":
        return _sitemap(request.base)
    name = request.path.removeprefix("/site/").strip("/") or "index"
    path = (PAGES / (name if "." in name else f"{name}.html")).resolve()
    if path.parent != PAGES.resolve() or not path.is_file() or path.suffix not in KINDS:
        body = b"<!doctype html><title>Not found</title><h1>This page does not exist</h1>"
        return Response(body, 404, {"content-type": "text/html; charset=utf-8"})
    body = path.read_bytes().replace(b"{{base}}", f"{request.base}/site".encode())
    return Response(body, 200, {"content-type": f"{KINDS[path.suffix]}; charset=utf-8"})


def _sitemap(base: str) -> Response:
    names = sorted(path.stem for path in PAGES.glob("*.html"))
    rows = "".join(
        f"<url><loc>{escape(base)}/site/{'' if name == 'index' else name}</loc></url>"
        for name in names
    )
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'
    )
    return Response(xml.encode(), 200, {"content-type": "application/xml; charset=utf-8"})


def _text(body: str) -> Response:
    return Response(body.encode(), 200, {"content-type": "text/plain; charset=utf-8"})
