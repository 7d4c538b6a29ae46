"""Counts on a text, as rates that can be compared between texts of any length."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import regex

from apps.agents.voice.text import cues_of, emoji_in, fold, words_of, zipf

CONTRACTION = regex.compile(
    r"\b\p{L}+(?:n['’]t|['’](?:re|ve|ll|d|m))\b|\b(?:it|that|there|here|what|let|who|she|he|where|how)['’]s\b",
    regex.IGNORECASE,
)
# What could have been contracted and was not.
EXPANDED = regex.compile(
    r"\b(?:do|does|did|is|are|was|were|have|has|had|would|could|should|ca|will) ?not\b|"
    r"\b(?:we|you|they|I) (?:are|have|will|would)\b|"
    r"\b(?:it|that|there|here|what|he|she) is\b|\blet us\b|\bI am\b",
    regex.IGNORECASE,
)
DASH = regex.compile(r"\s[–—-]{1,2}\s|—")
HASHTAG = regex.compile(r"(?<![\w&/])#(\p{L}[\p{L}\p{N}_]*)")
SHOUT = regex.compile(r"\b\p{Lu}{4,}\b")
ACRONYM = regex.compile(r"\b(?=\w*\p{Lu}\w*\p{Lu})[\p{Lu}\p{N}]{2,5}s?\b")
TECHNICAL = regex.compile(
    r"\b\w+[_/]\w+\b|\b\p{Lu}?\p{Ll}+\p{Lu}\w+\b|\b\d+(?:\.\d+)?\s?(?:GB|MB|kB|ms|px|GHz|kWh|mm|kg|API)\b"
)
PASSIVE = regex.compile(
    r"\b(?:is|are|was|were|be|been|being)\s+(?:\w+ly\s+)?\w+(?:ed|en)\b",
    regex.IGNORECASE,
)
NOMINAL = regex.compile(
    r"\w{3,}(?:tion|tions|ment|ments|ity|ities|ance|ence|ness|ung|ungen|heit|keit|ción|ciones|dad|tion|ité)$"
)
_VOWELS = regex.compile(r"[aeiouyäöüáéíóúàèìòùâêîôûëïœæ]+", regex.IGNORECASE)


@dataclass(frozen=True)
class Features:
    """Rates per 100 words or per 100 sentences (the name says which), shares 0..1, means plain."""

    words: int
    sentences: int
    sentence_length: float
    word_length: float
    syllables: float
    long_words: float
    rare_words: float
    nominal: float
    passive: float
    acronyms: float
    technical: float
    numbers: float
    contractions: float
    contracted_share: float | None
    first: float
    second: float
    exclamations: float
    questions: float
    parentheses: float
    emoji: float
    shouting: float
    cues: dict[str, float]


@lru_cache(maxsize=50_000)
def syllables(word: str) -> int:
    groups = len(_VOWELS.findall(word))
    if groups > 1 and word.endswith("e") and not word.endswith(("le", "ee")):
        groups -= 1
    return max(1, groups)


def measure(sentences: Iterable[str], language: str) -> Features:
    """Features of some sentences taken together."""
    texts = list(sentences)
    joined = "\n".join(texts)
    words = words_of(joined)
    folded = [fold(word) for word in words]
    letters = [word for word in folded if not word[0].isdigit()]
    total, count = max(1, len(words)), max(1, len(texts))
    cues = cues_of(language)
    hits = {name: sum(word in listed for word in folded) for name, listed in cues.items()}
    contracted, expanded = (
        len(CONTRACTION.findall(joined)),
        len(EXPANDED.findall(joined)),
    )
    either = contracted + expanded
    return Features(
        words=len(words),
        sentences=len(texts),
        sentence_length=len(words) / count,
        word_length=sum(map(len, letters)) / max(1, len(letters)),
        syllables=sum(map(syllables, letters)) / max(1, len(letters)),
        long_words=sum(syllables(word) >= 3 for word in letters) / total,
        rare_words=sum(zipf(word, language) < 3.5 for word in letters) / total,
        nominal=sum(bool(NOMINAL.search(word)) for word in letters) / total * 100,
        passive=len(PASSIVE.findall(joined)) / count * 100 if language == "en" else 0,
        acronyms=len(ACRONYM.findall(joined)) / total * 100,
        technical=len(TECHNICAL.findall(joined)) / total * 100,
        numbers=(len(folded) - len(letters)) / total * 100,
        contractions=contracted / count * 100,
        contracted_share=contracted / either if language == "en" and either else None,
        first=(hits.get("first_singular", 0) + hits.get("first_plural", 0)) / total * 100,
        second=hits.get("second", 0) / total * 100,
        exclamations=joined.count("!") / count * 100,
        questions=joined.count("?") / count * 100,
        parentheses=joined.count("(") / count * 100,
        emoji=len(emoji_in(joined)) / count * 100,
        shouting=len(SHOUT.findall(joined)) / count * 100,
        cues={name: number / total * 100 for name, number in hits.items()},
    )


def reading_ease(features: Features, language: str) -> float | None:
    """Flesch reading ease or the language's accepted variant, cut to 0..100; None elsewhere."""
    length, syllable = features.sentence_length, features.syllables
    formulas = {
        "en": 206.835 - 1.015 * length - 84.6 * syllable,
        "de": 180 - length - 58.5 * syllable,  # Amstad
        "fr": 207 - 1.015 * length - 73.6 * syllable,  # Kandel and Moles
        "es": 206.84 - 60 * syllable - 1.02 * length,  # Fernández Huerta
        "it": 217 - 1.3 * length - 60 * syllable,  # Franchina and Vacca, syllables per word
        "nl": 206.84 - 0.93 * length - 77 * syllable,  # Douma
    }
    value = formulas.get(language)
    return None if value is None else round(max(0.0, min(100.0, value)), 1)


def lix(features: Features, sentences: Iterable[str]) -> float:
    """Läsbarhetsindex: sentence length plus the percentage of words over six letters."""
    words = [word for sentence in sentences for word in words_of(sentence)]
    long = sum(len(word) > 6 for word in words)
    return round(features.sentence_length + long / max(1, len(words)) * 100, 1)


def reading_label(ease: float | None, lix_value: float) -> str:
    if ease is None:
        ease = max(0.0, min(100.0, 130 - 2 * lix_value))
    for floor, label in (
        (80, "very easy"), (65, "easy"), (50, "plain"), (35, "fairly hard"), (20, "hard"),
    ):  # fmt: skip
        if ease >= floor:
            return label
    return "very hard"
