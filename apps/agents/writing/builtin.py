"""The built-in writer: no model, no invention. It arranges the brand's own sentences and the
brief's own points in a few honest shapes. The same seed gives the same texts.

A text is built from whole parts, so it is shortened by leaving parts out, never by cutting one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import regex

from apps.agents.voice import VoiceData
from apps.agents.voice.text import content_words
from apps.agents.writing.phrasebook import book_of, label_of
from apps.agents.writing.types import Assignment, Brief, Goal, Passage


@dataclass(frozen=True)
class Composed:
    """A text and the passages it quotes. `form` names the shape, for variety among candidates."""

    text: str
    form: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class _Part:
    """A piece of text. `need` orders what is dropped first when space is short: highest goes."""

    text: str
    need: int
    joins: str = "\n\n"


def compose(assignment: Assignment, *, seed: int) -> Iterator[Composed]:
    """Every distinct text the writer can make that fits the network, in seeded order of shapes."""
    seen: set[str] = set()
    chance = random.Random(f"{seed}:{assignment.network.key}:{assignment.brief.topic}")
    for form, parts, passages in _plans(assignment, chance):
        text = _fit(parts, assignment)
        if text and text not in seen:
            seen.add(text)
            yield Composed(text, form, passages)


def _plans(
    assignment: Assignment, chance: random.Random
) -> Iterator[tuple[str, list[_Part], tuple[Passage, ...]]]:
    brief, voice = assignment.brief, assignment.voice
    book = book_of(brief.language or voice.language)
    points = [_sentence(point) for point in brief.key_points]
    topic = label_of(brief.topic, book)
    endings = _endings(brief, voice, book, chance)
    number = 0

    def end() -> list[_Part]:
        nonlocal number
        number += 1
        return [*endings[number % len(endings)], *_hashtags(assignment)]

    if len(points) >= 2 and book:
        intro = _Part(book["short"].format(topic=topic), 0)
        bullets = [
            _Part(f"• {point.rstrip('.')}", 3 + i, "\n\n" if not i else "\n")
            for i, point in enumerate(points)
        ]
        yield "points", [intro, *bullets, *end()], ()
    leads = list(assignment.passages)[:8]
    if brief.goal is not Goal.INFORM:
        # A post that wants something from people is better started by the more personal sentences.
        leads.sort(key=lambda p: (-_personal(p.text), -p.relevance))
    for index, passage in enumerate(leads):
        lead = _Part(passage.text, 0)
        follow = [_Part(passage.follows, 6, " ")] if passage.follows else []
        head = [_Part(points[index % len(points)], 1)] if points else []
        if points:
            yield "point-first", [*head, _Part(passage.text, 2), *follow, *end()], (passage,)
        yield "passage", [lead, *follow, *end()], (passage,)
        if follow:
            yield "short", [lead, *end()], (passage,)
        if book and _needs_label(topic, passage.text, voice.language):
            yield (
                "label",
                [_Part(book["own_words"].format(topic=topic), 1), lead, *follow, *end()],
                (passage,),
            )
        if book and brief.audience and len(brief.audience) <= 60:
            note = book["for"].format(audience=brief.audience.rstrip(".:"))
            yield "audience", [_Part(note, 4), lead, *follow, *end()], (passage,)
        later = [p for p in leads if p.section == passage.section and p.position > passage.position]
        if others := [p for p in later if p.text != passage.follows]:
            yield "pair", [lead, _Part(others[0].text, 5), *end()], (passage, others[0])
    if points:
        yield "plain", [_Part(" ".join(points), 0), *end()], ()
        yield "first", [_Part(points[0], 0), *end()], ()
    for passage in leads[:2] if book else ():
        # Only wanted where one passage is all there is: the topic above it makes a second choice.
        title = _Part(book["own_words"].format(topic=topic), 1)
        yield "named", [title, _Part(passage.text, 0), *end()], (passage,)
    if not leads:
        yield "bare", [_Part(_sentence(topic), 0), *end()], ()


def _fit(parts: list[_Part], assignment: Assignment) -> str:
    """The parts that fit together, dropping the least needed first; "" when not even the core does."""
    kept = [part for part in parts if part.text]
    while kept:
        text = "".join((part.joins if index else "") + part.text for index, part in enumerate(kept))
        if assignment.network.fits(text):
            return text
        droppable = [part for part in kept if part.need > 0]
        if not droppable:
            return ""
        worst = max(part.need for part in droppable)
        last = next(part for part in reversed(droppable) if part.need == worst)
        kept.remove(last)
    return ""


def _endings(
    brief: Brief, voice: VoiceData, book: dict[str, Any], chance: random.Random
) -> list[list[_Part]]:
    """Ways to close. The link has need 0: it is never left out."""
    link = brief.link
    if brief.goal is Goal.DISCUSS:
        formal = voice.person.polite_form == "formal" and "discuss_formal" in book
        questions = list(book.get("discuss_formal" if formal else "discuss", []))
        chance.shuffle(questions)
        bare = [_Part(link, 0)] if link else []
        return [[_Part(question, 2), *bare] for question in questions] or [bare]
    if not link:
        plain = list(book.get(f"{brief.goal.value}_plain", []))
        chance.shuffle(plain)
        return [[_Part(text, 4)] for text in plain] or [[]]
    phrases = list(book.get(brief.goal.value, [])) or ["{link}"]
    chance.shuffle(phrases)
    return [[_Part(phrase.format(link=link), 0)] for phrase in phrases]


def _hashtags(assignment: Assignment) -> list[_Part]:
    """Tags only for a brand that uses them: its favourites that are on topic, else its first."""
    habit = assignment.voice.hashtags
    if habit.per_document < 0.5 or not habit.favourites:
        return []
    topic = set(content_words(assignment.brief.topic, assignment.voice.language))
    on_topic = [tag for tag in habit.favourites if any(word in tag.casefold() for word in topic)]
    tags = (on_topic or habit.favourites)[: max(1, round(min(3.0, habit.per_document)))]
    return [_Part(" ".join(f"#{tag}" for tag in tags), 8)]


def _sentence(text: str) -> str:
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text[-1:] in '.!?…”"' else f"{text}."


def _needs_label(topic: str, lead: str, language: str) -> bool:
    """A label helps where the sentence itself does not already say what it is about."""
    words = set(content_words(topic, language))
    said = set(content_words(lead, language))
    short = len(topic.split()) <= 7 and not topic.endswith("?")
    return short and bool(words) and len(words & said) / len(words) < 0.7


def _personal(text: str) -> int:
    return sum(word in ("we", "our", "you", "your") for word in text.casefold().split())


def shorten(text: str, assignment: Assignment) -> str:
    """Drop whole sentences from the end of the body until `text` fits; "" when none would be left."""
    link = assignment.brief.link
    body = text.replace(link, "").strip() if link else text
    pieces = [piece for piece in regex.split(r"(?<=[.!?…])\s+|\n+", body) if piece.strip()]
    while len(pieces) > 1:
        pieces.pop()
        shorter = " ".join(pieces) + (f"\n\n{link}" if link else "")
        if assignment.network.fits(shorter):
            return shorter
    return ""
