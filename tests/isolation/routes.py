"""Every address below a workspace, filled with the ids of planted rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


class Route(NamedTuple):
    """``template`` has ``<slug:workspace>`` at the place of the slug."""

    template: str
    methods: tuple[str, ...]

    def addresses(self, slug: str, ids: dict[str, list[str]]) -> Iterator[str]:
        """Paths below ``slug`` with each parameter set to planted ids that could be meant."""
        names = [m for m in _PARAMETER.finditer(self.template) if m.group(2) != "workspace"]
        options = [_candidates(m.group(1) or "str", m.group(2), self.template, ids) for m in names]
        for chosen in product(*options):
            path = self.template.replace("<slug:workspace>", slug)
            for match, value in zip(names, chosen, strict=True):
                path = path.replace(match.group(0), value, 1)
            yield f"/{path}"


def workspace_routes() -> list[Route]:
    return sorted(
        Route(template, _methods(view))
        for template, view in _walk(get_resolver())
        if "<slug:workspace>" in template
    )


def _walk(resolver: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        place = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry, place)
        elif isinstance(entry, URLPattern):
            yield place, entry.callback


def _methods(view: Any) -> tuple[str, ...]:
    cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if cls is None:
        return ("GET", "POST")
    known = ("get", "post", "put", "patch", "delete")
    return tuple(name.upper() for name in known if hasattr(cls, name))


def _candidates(kind: str, name: str, template: str, ids: dict[str, list[str]]) -> list[str]:
    if kind == "uuid":
        words = {part.rstrip("s") for part in re.split(r"\W+|_", f"{name} {template}")}
        meant = [one for model, keys in ids.items() if model in words for one in keys]
        fitting = [one for one in (meant or ids["*"]) if len(one) == 36]
        return list(dict.fromkeys(fitting))[:12] or [ids["post"][0]]
    if kind in ("int", "bigid"):
        return [one for one in ids["*"] if one.isdigit()][:3] or ["1"]
    return ["Zq7Canx"]
