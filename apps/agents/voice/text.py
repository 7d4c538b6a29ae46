"""Sentences, words and stems: the units that everything else counts."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import justext
import regex

from apps.agents.voice.types import Document

_DATA = Path(__file__).parent / "data"
_STOPLISTS = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian",
    "pt": "Portuguese", "nl": "Dutch", "sv": "Swedish", "da": "Danish", "pl": "Polish",
}  # fmt: skip
# Ranks beyond this are words about things, not grammar.
_FUNCTION_WORDS = 180
_UNLISTED_ZIPF = 3.4

WORD = regex.compile(
    r"\p{N}*\p{L}[\p{L}\p{M}\p{N}]*(?:['’]\p{L}+)*(?:-\p{L}+)*|\p{N}+(?:[.,:]\p{N}+)*%?"
)
_EMOJI = regex.compile(
    r"(?!\d)[\p{Emoji_Presentation}\p{Extended_Pictographic}](?:\uFE0F|\u200D\p{Extended_Pictographic}|\p{Emoji_Modifier})*"
)
_URL = regex.compile(
    r"https?://\S+|www\.\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|co|de|fr|es|app|dev)\b/?\S*"
)
_MAY_HOLD_URL = re.compile(r"://|\w\.\w")
_END = regex.compile(r"(?<=[.!?…][\"'”’)\]]*)\s+(?=[\"'“‘(\[]*[\p{Lu}\p{N}\p{Lo}])|(?<=[。！？])")
_ABBREVIATION = regex.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|cf|approx|No|Inc|Ltd|Co|Corp|Jr|Sr|Fig|Vol|"
    r"bzw|usw|z\.B|d\.h|ca|Nr|Str|u\.a|bspw|Sra?|Dra?|Ud|pág|M|Mme|env)|\b\p{Lu})\.$"
)
_ITEM_MARK = regex.compile(r"^(?:[•*–-]|\d{1,2}[.)])\s+")
_STOP = regex.compile(r"[.!?…:;,][\"'”’)\]]*$")


@dataclass(frozen=True)
class Sentence:
    """`position` counts sentences within the document; headings are short lines without a stop.

    `is_item` marks list items: what they mean may depend on the line that opens the list.
    """

    source: str
    text: str
    is_heading: bool
    position: int
    paragraph: int
    is_item: bool = False

    @cached_property
    def words(self) -> list[str]:
        return words_of(self.text)


def words_of(text: str) -> list[str]:
    # Looking for addresses costs more than splitting words, and few texts hold one.
    if _MAY_HOLD_URL.search(text):
        text = _URL.sub(" ", text)
    return WORD.findall(text)


def fold(word: str) -> str:
    return word.casefold().replace("’", "'")


def emoji_in(text: str) -> list[str]:
    return _EMOJI.findall(text)


def split_sentences(text: str) -> list[str]:
    """Sentences of one paragraph; abbreviations and initials do not end one."""
    pieces = [piece for piece in _END.split(text.strip()) if piece and piece.strip()]
    joined: list[str] = []
    for piece in pieces:
        if joined and _ABBREVIATION.search(joined[-1]):
            joined[-1] = f"{joined[-1]} {piece}"
        else:
            joined.append(piece.strip())
    return joined


def sentences_of(document: Document) -> list[Sentence]:
    out: list[Sentence] = []
    for paragraph, line in enumerate(document.text.split("\n")):
        bare_line = _ITEM_MARK.sub("", line.strip())
        is_item, line = bare_line != line.strip(), bare_line
        if not WORD.search(line):
            continue
        heading = not _STOP.search(line) and not is_item and len(words_of(line)) <= 9
        for sentence in [line] if heading else split_sentences(line):
            out.append(Sentence(document.source, sentence, heading, len(out), paragraph, is_item))
    return out


@lru_cache(maxsize=16)
def _ranked(language: str) -> tuple[str, ...]:
    """Commonest words of a language, commonest first; empty for languages without a list."""
    name = _STOPLISTS.get(language)
    if name is None:
        return ()
    path = Path(justext.__file__).parent / "stoplists" / f"{name}.txt"
    return tuple(dict.fromkeys(fold(word) for word in path.read_text("utf-8").split()))


@lru_cache(maxsize=16)
def function_words(language: str) -> frozenset[str]:
    cues = cues_of(language)
    pronouns = {
        word
        for key in ("first_singular", "first_plural", "second", "third")
        for word in cues.get(key, ())
    }
    return (
        frozenset(_ranked(language)[:_FUNCTION_WORDS])
        | pronouns
        | (_EN_EXTRA if language == "en" else frozenset())
    )


_EN_EXTRA = frozenset(
    word
    for line in (
        "here what why how when where which while until because since before after again both few",
        "it's that's there's here's what's let's don't doesn't didn't isn't aren't wasn't weren't",
        "won't wouldn't can't couldn't shouldn't haven't hasn't hadn't who's she's he's it'll that'll",
        "etc also just than then too very should would could may might must will shall don am yes",
        "get gets got go goes going make makes made one two three each any like need needs want take",
    )
    for word in line.split()
)


@lru_cache(maxsize=16)
def _zipf_table(language: str) -> dict[str, float]:
    # Zipf's law: the word at rank r has about 1/(10 r) of all uses.
    ranked = _ranked(language)
    table = {word: max(4.6, 8.0 - math.log10(rank)) for rank, word in enumerate(ranked, start=1)}
    path = _DATA / f"common_{language}.txt"
    if path.exists():
        for line in path.read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                band, *words = line.split()
                for word in words:
                    table.setdefault(word, float(band))
    return table


def zipf(word: str, language: str) -> float:
    """log10 of the word's uses in a billion words of everyday text; 3.4 for what is not listed."""
    table = _zipf_table(language)
    return table.get(word) or table.get(stem(word, language)) or _UNLISTED_ZIPF


@lru_cache(maxsize=1)
def _all_cues() -> dict[str, dict[str, list[str]]]:
    return dict(json.loads((_DATA / "cues.json").read_text("utf-8")))


def cues_of(language: str) -> dict[str, frozenset[str]]:
    return {key: frozenset(words) for key, words in _all_cues().get(language, {}).items()}


@lru_cache(maxsize=1)
def _all_cliches() -> dict[str, Any]:
    return dict(json.loads((_DATA / "cliches.json").read_text("utf-8")))


def cliches_of(language: str) -> dict[str, str]:
    """Corporate clichés of a language and what to say instead ("" when nothing is better)."""
    return dict(_all_cliches().get(language, {}))


@lru_cache(maxsize=50_000)
def stem(word: str, language: str) -> str:
    """Rough stem, enough to see "plans" and "planning" as one word."""
    word = fold(word).removesuffix("'s")
    if language != "en":
        return word[:7] if len(word) > 8 else word
    for suffix, keep, put in (
        ("ies", 2, "y"), ("sses", 2, "ss"), ("ings", 3, ""), ("ing", 3, ""), ("edly", 3, ""),
        ("ed", 3, ""), ("es", 3, ""), ("s", 3, ""), ("ly", 4, ""),
    ):  # fmt: skip
        if word.endswith(suffix) and len(word) - len(suffix) >= keep and not word.endswith("ss"):
            root = word[: -len(suffix)] + put
            if suffix in ("ing", "ings", "ed") and len(root) > 3 and root[-1] == root[-2]:
                root = root[:-1]
            return root.removesuffix("e") if len(root) > 3 else root
    return word.removesuffix("e") if len(word) > 4 else word


def content_words(text: str, language: str) -> list[str]:
    """Words that carry meaning: no grammar, no numbers, no single letters."""
    grammar = function_words(language)
    return [
        word
        for word in (fold(found) for found in words_of(text))
        if len(word) > 2 and word not in grammar and not word[0].isdigit()
    ]
