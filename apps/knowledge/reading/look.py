"""How a brand looks, read off its page: name, description, colours, logo."""

from __future__ import annotations

import colorsys
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import lxml.html

from apps.knowledge.reading.charset import decode
from apps.knowledge.reading.formats import parse_html

_HEX = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})")
_HSL = re.compile(r"hsla?\(\s*(\d{1,3})(?:deg)?[\s,]+(\d{1,3})%[\s,]+(\d{1,3})%")
# A declared colour outweighs any number of uses in a style sheet.
_DECLARED_WEIGHT = 1000
_MAX_COLOURS = 5


@dataclass(frozen=True)
class Look:
    """`colours` are lower-case `#rrggbb`, strongest first; `stylesheets` are worth fetching for more."""

    name: str = ""
    description: str = ""
    colours: tuple[str, ...] = ()
    logo_url: str = ""
    stylesheets: tuple[str, ...] = ()


def look_of(page: bytes, *, url: str, charset: str | None = None, css: str = "") -> Look:
    """Look of the page at `url`; `css` is the text of its style sheets when they were fetched."""
    markup = decode(page, declared=charset).text
    tree = parse_html(markup)
    inline = "\n".join(tree.xpath("//style/text()") + tree.xpath("//@style"))
    return Look(
        name=_name(tree),
        description=_attribute(
            tree,
            "//meta[@name='description']/@content",
            "//meta[@property='og:description']/@content",
        )[:500],
        colours=_colours(tree, f"{inline}\n{css}"),
        logo_url=_logo(tree, url),
        stylesheets=tuple(
            urljoin(url, href)
            for href in tree.xpath("//link[contains(@rel,'stylesheet')]/@href")[:4]
        ),
    )


def _attribute(tree: lxml.html.HtmlElement, *paths: str) -> str:
    for path in paths:
        for value in tree.xpath(path):
            if str(value).strip():
                return " ".join(str(value).split())
    return ""


def _name(tree: lxml.html.HtmlElement) -> str:
    name = _attribute(
        tree,
        "//meta[@property='og:site_name']/@content",
        "//meta[@name='application-name']/@content",
    )
    if not name:
        title = _attribute(tree, "//title/text()")
        # "Page · Brand" and "Brand | Tagline": the shorter side is nearly always the name.
        parts = [part.strip() for part in re.split(r"\s+[|·•–—:-]\s+", title) if part.strip()]
        name = min(parts, key=len) if parts else ""
    return name[:120]


def _colours(tree: lxml.html.HtmlElement, css: str) -> tuple[str, ...]:
    weights: Counter[str] = Counter()
    for declared in tree.xpath(
        "//meta[@name='theme-color']/@content | //meta[@name='msapplication-TileColor']/@content"
        " | //link[@rel='mask-icon']/@color"
    ):
        for colour in _colours_in(str(declared)):
            weights[colour] += _DECLARED_WEIGHT
    for colour in _colours_in(css[:2_000_000]):
        weights[colour] += 1
    vivid = [colour for colour, _ in weights.most_common() if _is_vivid(colour)]
    chosen: list[str] = []
    for colour in vivid:
        if all(_distance(colour, other) > 48 for other in chosen):
            chosen.append(colour)
        if len(chosen) == _MAX_COLOURS:
            break
    return tuple(chosen)


def _colours_in(text: str) -> list[str]:
    found = []
    for digits in _HEX.findall(text):
        full = digits if len(digits) == 6 else "".join(char * 2 for char in digits)
        found.append(f"#{full.lower()}")
    for triple in _RGB.findall(text):
        red, green, blue = (min(255, int(part)) for part in triple)
        found.append(f"#{red:02x}{green:02x}{blue:02x}")
    for hue, saturation, lightness in _HSL.findall(text):
        rgb = colorsys.hls_to_rgb(int(hue) % 360 / 360, int(lightness) / 100, int(saturation) / 100)
        found.append("#" + "".join(f"{round(min(1, part) * 255):02x}" for part in rgb))
    return found


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _is_vivid(colour: str) -> bool:
    """Greys, near-whites and near-blacks say nothing about a brand."""
    red, green, blue = _rgb(colour)
    _, lightness, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    return saturation >= 0.25 and 0.12 <= lightness <= 0.88


def _distance(one: str, two: str) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(_rgb(one), _rgb(two), strict=True)) ** 0.5)


def _logo(tree: lxml.html.HtmlElement, url: str) -> str:
    """Best address for a logo: declared data, an image named so, a touch or SVG icon, the preview."""
    candidates = [*_json_ld_logos(tree)]
    for image in tree.xpath("//img[@src]"):
        described = " ".join(
            image.get(name) or "" for name in ("class", "id", "alt", "src")
        ).casefold()
        if "logo" in described:
            candidates.append(image.get("src"))
    candidates += tree.xpath("//link[contains(@rel,'apple-touch-icon')]/@href")
    candidates += tree.xpath("//link[contains(@rel,'icon')][contains(@type,'svg')]/@href")
    candidates += tree.xpath("//meta[@property='og:image']/@content")
    candidates += tree.xpath("//link[contains(@rel,'icon')]/@href")
    for candidate in candidates:
        try:
            address = urljoin(url, str(candidate).strip())
        except ValueError:
            continue
        if address.startswith(("http://", "https://")) and len(address) <= 2000:
            return address
    return ""


def _json_ld_logos(tree: lxml.html.HtmlElement) -> list[str]:
    found: list[str] = []
    for block in tree.xpath("//script[@type='application/ld+json']/text()"):
        try:
            _collect_logos(json.loads(block), found, depth=0)
        except (ValueError, RecursionError):
            continue
    return found


def _collect_logos(node: Any, found: list[str], *, depth: int) -> None:
    if depth > 6:
        return
    if isinstance(node, list):
        for item in node[:50]:
            _collect_logos(item, found, depth=depth + 1)
    elif isinstance(node, dict):
        logo = node.get("logo")
        if isinstance(logo, str):
            found.append(logo)
        elif isinstance(logo, dict) and isinstance(logo.get("url"), str):
            found.append(logo["url"])
        for value in node.values():
            if isinstance(value, dict | list):
                _collect_logos(value, found, depth=depth + 1)
