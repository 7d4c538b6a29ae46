"""Sitemaps: plain lists, url sets, indexes and gzip, without trusting a byte of them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from lxml import etree

MAX_UNPACKED = 10_000_000
MAX_ADDRESSES = 5_000


@dataclass(frozen=True)
class Sitemap:
    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pages or self.sitemaps)


def parse(body: bytes) -> Sitemap:
    """Addresses in a sitemap; an empty one for anything that is none. Never raises."""
    body = _unpack(body)
    # No entities, no network, no DTD: a sitemap is somebody else's XML.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        recover=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(body, parser=parser)
    except (etree.XMLSyntaxError, ValueError):
        return _plain_list(body)
    if root is None:
        return _plain_list(body)
    kind = etree.QName(root).localname
    found = tuple(
        text
        for element in root.iter("{*}loc")
        if etree.QName(element.getparent()).localname in ("url", "sitemap")
        and (text := (element.text or "").strip()).startswith(("http://", "https://"))
    )[:MAX_ADDRESSES]
    if kind == "sitemapindex":
        return Sitemap(sitemaps=found)
    return Sitemap(pages=found) if kind == "urlset" else Sitemap()


def _unpack(body: bytes) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body[:MAX_UNPACKED]
    try:
        return zlib.decompressobj(wbits=31).decompress(body, MAX_UNPACKED)
    except zlib.error:
        return b""


def _plain_list(body: bytes) -> Sitemap:
    lines = body[:MAX_UNPACKED].decode("utf-8", "replace").split()
    if not lines or not all(line.startswith(("http://", "https://")) for line in lines[:5]):
        return Sitemap()
    pages = [line for line in lines if line.startswith(("http://", "https://"))]
    return Sitemap(pages=tuple(pages[:MAX_ADDRESSES]))
