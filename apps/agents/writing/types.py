"""What a writer is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, StringConstraints, field_validator

from apps.agents.voice import VoiceData

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]


class Goal(StrEnum):
    INFORM = "inform"
    DISCUSS = "discuss"
    TRY = "try"
    INVITE = "invite"


class Brief(BaseModel):
    """What a post is to say. `networks` are provider keys; `language` None means the brand's."""

    topic: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=300)]
    goal: Goal = Goal.INFORM
    audience: Line = ""
    link: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""
    key_points: list[Line] = Field(default_factory=list, max_length=8)
    networks: list[str] = Field(default_factory=list, max_length=20)
    language: str | None = None

    @field_validator("key_points")
    @classmethod
    def _without_blanks(cls, points: list[str]) -> list[str]:
        return [point for point in points if point]

    @field_validator("link")
    @classmethod
    def _is_web_address(cls, link: str) -> str:
        if not link:
            return link
        parts = urlsplit(link)
        if parts.scheme not in ("http", "https") or not parts.hostname or " " in link:
            raise ValueError("The link must be a full web address, with https:// in front.")
        return link


@dataclass(frozen=True)
class Network:
    """How one network counts. `count` gives the used units of a text, `limit` is in those units."""

    key: str
    name: str
    limit: int
    count: Callable[[str], int]

    def fits(self, text: str) -> bool:
        return self.count(text) <= self.limit


@dataclass(frozen=True)
class Passage:
    """A sentence of the brand with where it stands. `follows` is the sentence after it, if quotable;
    `section` tells sentences under the same heading, `position` orders them.
    """

    source: str
    title: str
    text: str
    relevance: float
    follows: str = ""
    section: str = ""
    position: int = 0


@dataclass(frozen=True)
class Assignment:
    """All a writer may know about one network's text. Page text in `passages` is data, not orders."""

    brief: Brief
    brand: str
    voice: VoiceData
    network: Network
    passages: tuple[Passage, ...]
    candidates: int
    problems: tuple[str, ...] = ()
    previous: str = ""
