"""A post as its readers see it, the same shape for every network."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FeedPost:
    """A post as the sandbox page shows it; `html` is escaped by the network's simulator."""

    id: str
    handle: str
    name: str
    html: str
    at: float
    permalink: str
    images: tuple[tuple[str, str], ...] = ()  # address, alternative text
    card: tuple[str, str, str] | None = None  # address, title, description
    counters: tuple[tuple[str, int], ...] = ()
    warning: str = ""
    title: str = ""
    videos: tuple[tuple[str, str], ...] = ()  # address, poster's address
    document: tuple[str, str] | None = None  # address, title
    poll: tuple[str, ...] = ()
    badge: str = ""  # story, reel, draft in the inbox …
    replies: tuple[FeedPost, ...] = ()  # the rest of a thread, first comments
