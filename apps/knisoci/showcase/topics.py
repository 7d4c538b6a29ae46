"""What a run writes about: the headings under which the brand itself says most."""

from __future__ import annotations

import re

from apps.knowledge import queries as knowledge

_HEADING = re.compile(r"^#{1,3}\s+(.{4,70})$", re.MULTILINE)


def topics(*, limit: int) -> list[str]:
    """Up to ``limit`` topics out of the titles and headings of the brand's longest texts."""
    found: dict[str, str] = {}
    for text in knowledge.texts():
        title = re.split(r"\s+[|·–—-]\s+", text.title)[0].strip(" .:") if text.title else ""
        headings = [match.strip(" .:*#") for match in _HEADING.findall(text.text)]
        for candidate in (title, *headings[:2]):
            if 4 <= len(candidate) <= 70 and not candidate.lower().startswith(("http", "read")):
                found.setdefault(candidate.casefold(), candidate)
                break
        if len(found) >= limit:
            break
    return list(found.values())[:limit] or ["What we do"]
