"""People tagged in a post's files: how they are typed, and how Instagram takes them. Pure.

"kestrel, newsdesk 30 70, 2:maren" tags kestrel and newsdesk in the first file, newsdesk at 30 % from
the left and 70 % from the top, and maren in the second.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..base import Content, Issue

OPTION = "user_tags"
MAX_PEOPLE = 20  # in one file
_ENTRY = re.compile(
    r"(?:(?P<file>\d{1,2})\s*:\s*)?@?(?P<name>[A-Za-z0-9._]{1,30})"
    r"(?:\s+(?P<x>\d{1,3})\s+(?P<y>\d{1,3}))?"
)


@dataclass(frozen=True, slots=True)
class Person:
    """`file` counts from 1; `x` and `y` are shares of the picture from its top left, or None."""

    file: int
    name: str
    x: float | None = None
    y: float | None = None


def entries(value: Any) -> list[str]:
    """What was typed, as a form's tags give it: a list, or text with commas."""
    parts = value if isinstance(value, list | tuple) else str(value or "").split(",")
    return [text for one in parts if (text := str(one).strip())]


def read(entry: str) -> Person | None:
    """None for what is nobody, or lies outside the picture."""
    found = _ENTRY.fullmatch(entry)
    if found is None:
        return None
    file, name = int(found["file"] or 1), found["name"].lower()
    if found["x"] is None:
        return Person(file, name)
    x, y = int(found["x"]) / 100, int(found["y"]) / 100
    return Person(file, name, x, y) if x <= 1 and y <= 1 else None


def user_tags(content: Content, number: int) -> list[dict[str, Any]] | None:
    """Instagram's `user_tags` for the file with this index; None where nobody is in it.

    A picture wants a place for everybody: those without one stand in a row across its middle.
    A video takes names only.
    """
    found = [read(one) for one in entries(content.options.get(OPTION))]
    people = [one for one in found if one is not None and one.file == number + 1]
    if content.media[number].kind == "video":
        return [{"username": one.name} for one in people] or None
    placed = [
        {
            "username": one.name,
            "x": round((at + 1) / (len(people) + 1), 4) if one.x is None else one.x,
            "y": 0.5 if one.y is None else one.y,
        }
        for at, one in enumerate(people)
    ]
    return placed or None


def issues(content: Content) -> Iterable[Issue]:
    def wrong(message: str) -> Issue:
        return Issue("error", f"option.{OPTION}", message, OPTION)

    people: list[Person] = []
    for entry in entries(content.options.get(OPTION)):
        person = read(entry)
        if person is None:
            yield wrong(
                f"“{entry}” is no username with a place: “name”, “name 30 70” in percent from the "
                "left and the top, or “2:name” for the second file."
            )
        elif not 1 <= person.file <= max(1, len(content.media)):
            yield wrong(f"There is no file {person.file} for “{entry}”.")
        else:
            people.append(person)
    for (file, name), times in Counter((one.file, one.name) for one in people).items():
        if times > 1:
            yield wrong(f"{name} is tagged {times} times in file {file}.")
    for file, used in Counter(one.file for one in people).items():
        if used > MAX_PEOPLE:
            yield wrong(f"Instagram takes {MAX_PEOPLE} people in one file; file {file} has {used}.")
    for person in people:
        item = content.media[person.file - 1] if content.media else None
        if item is None or item.kind != "video":
            continue
        if len(content.media) > 1:
            yield wrong("In a carousel only pictures can have people.")
        elif person.x is not None:
            yield wrong(f"A reel has people without a place: write only “{person.name}”.")
