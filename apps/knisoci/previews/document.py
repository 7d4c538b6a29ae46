"""A frozen preview as one document that needs nothing else: its style, letters and pictures inside.

What came of people's words is cut down to what the preview's template writes: no script, no style, no
address but those of our own library, which are read here and put in as data.
"""

from __future__ import annotations

import base64
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nh3
from django.conf import settings
from django.urls import Resolver404, resolve

from apps.errors import DomainError, Unavailable
from apps.media import queries as media
from apps.media.services import assets
from apps.media.types import SHOWN

ENTRY = "src/app.ts"  # what the Studio's pages load
SELECT = ".look"
WINDOW = 360  # CSS pixels; the phone's stage in it is as wide as the composer's
_FORM = SHOWN["card"]
_FONT = re.compile(r"url\(\s*[\"']?(\./[\w.-]+\.woff2)[\"']?\s*\)")
# Only our own sheet and what is in the document. Nothing can be fetched, run, framed or sent.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)
_OWN = """
html, body { background: transparent !important; margin: 0; min-height: 0; }
.preview-stage { padding: 8px; box-sizing: content-box; }
/* A video shows its cover. Without scripts browsers draw their own buttons, over the words. */
video::-webkit-media-controls { display: none !important; }
.look-media > video { grid-area: 1 / 1; }
.look-media:has(> video)::after {
  content: ""; grid-area: 1 / 1; place-self: center; width: 48px; height: 48px; z-index: 1;
  border-radius: 50%; background: rgb(0 0 0 / 0.6);
}
.look-media:has(> video)::before {
  content: ""; grid-area: 1 / 1; place-self: center; width: 15px; height: 18px; z-index: 2;
  margin-left: 4px; background: white; clip-path: polygon(0 0, 100% 50%, 0 100%);
}
.swipe-back, .swipe-forth { display: none; }
/* All pictures of a carousel: what is behind the first stands below it, small. */
.swipe-strip { flex-wrap: wrap; gap: 2px; overflow: visible; }
.swipe-slide { flex: 0 0 100%; min-width: 0; }
.swipe-slide:nth-child(n + 2) { flex: 0 0 calc(25% - 1.5px); }
"""

_WORDS = {
    "article", "header", "div", "section", "p", "span", "strong", "em", "br", "ul", "ol", "li",
    "button", "img", "video",
}  # fmt: skip
_SHAPES = {
    "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "defs",
    "linearGradient", "radialGradient", "stop", "clipPath", "mask",
}  # fmt: skip
_DRAWN = {
    "viewBox", "d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "ry", "points", "width",
    "height", "fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin", "fill-rule",
    "clip-rule", "clip-path", "mask", "opacity", "offset", "stop-color", "gradientUnits",
    "gradientTransform", "transform",
}  # fmt: skip
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"class", "id", "role", "hidden"},
    "img": {"src", "alt", "width", "height"},
    "video": {"poster", "width", "height"},
    **dict.fromkeys(_SHAPES, _DRAWN),
}


def build(html: str) -> str:
    """The document for `html`, a frozen preview. Raises Unavailable where no style sheet was built."""
    return (
        '<!doctype html><html lang="en" data-theme="candy"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<style>{sheet()}</style><style>{_OWN}</style></head>"
        f'<body><div class="preview-stage" data-width="phone">{clean(html)}</div></body></html>'
    )


def clean(html: str) -> str:
    """`html` with what a preview consists of, pictures of the library as data."""
    seen: dict[str, str] = {}

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name in ("src", "poster"):
            return seen.setdefault(value, _picture(value)) or None
        if "url(" in value.replace(" ", "").lower() and not value.startswith("url(#"):
            return None
        return value

    return nh3.clean(
        html,
        tags=_WORDS | _SHAPES,
        attributes=_ATTRIBUTES,
        generic_attribute_prefixes={"aria-", "data-"},
        clean_content_tags={"script", "style"},
        url_schemes={"data"},
        attribute_filter=attribute,
        link_rel=None,
    )


def _picture(address: str) -> str:
    """The library's picture behind `address` as a data: URI; empty for anything else."""
    parts = urlsplit(address)
    try:
        found = None if parts.scheme or parts.netloc else resolve(parts.path)
    except Resolver404:
        found = None
    if found is None or found.view_name != "media:image":
        return ""
    try:
        (asset,) = media.in_order([found.kwargs["asset"]])
        made = assets.rendition(asset=asset, spec=_FORM)
        data = base64.b64encode(assets.read(made)).decode()
    except (DomainError, OSError):
        return ""
    return f"data:{made.mime};base64,{data}"


def sheet() -> str:
    """The built style sheet that the composer has now, with its fonts in it."""
    path = Path(settings.DJANGO_VITE["default"]["manifest_path"])
    try:
        return _sheet(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise Unavailable("The style sheet of the previews has not been built here.") from error


@lru_cache(maxsize=2)
def _sheet(path: Path, _changed: int) -> str:
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    names: list[str] = []
    todo, done = [ENTRY], set()
    while todo:
        entry = manifest[todo.pop()]
        if entry["file"] in done:
            continue
        done.add(entry["file"])
        names += [name for name in entry.get("css", ()) if name not in names]
        todo += entry.get("imports", ())

    def font(match: re.Match[str]) -> str:
        data = (path.parent / "assets" / match[1]).read_bytes()
        return f"url(data:font/woff2;base64,{base64.b64encode(data).decode()})"

    text = "\n".join((path.parent / name).read_text(encoding="utf-8") for name in names)
    text = _FONT.sub(font, text).replace("font-display:swap", "font-display:block")
    return text.replace("</", "<\\/")  # nothing in a sheet may end it
