"""Punctuation, emoji, hashtags, capitals, person, rhythm and claims: the countable habits."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Literal

import regex

from apps.agents.voice import features as feats
from apps.agents.voice.features import Features
from apps.agents.voice.text import Sentence, cues_of, emoji_in, fold
from apps.agents.voice.types import (
    Capitalisation,
    Claim,
    Document,
    Emoji,
    Evidence,
    Habit,
    Hashtags,
    Person,
    Punctuation,
    Rhythm,
)

_OXFORD = regex.compile(r"\w+, (?:[\w'’-]+ ){0,3}[\w'’-]+, (?:and|or|und|y|et) \w+")
_PLAIN_SERIES = regex.compile(r"\w+, (?:[\w'’-]+ ){0,2}[\w'’-]+ (?:and|or) \w+")
# Money, percent, or a number of something; a bare "1." or "2nd" claims nothing.
_NUMBER = regex.compile(
    r"[$€£]\s?\d|\b\d[\d.,]*\s?(?:%|percent\b|[\p{L}-]{3,})|\b(?:in|since|seit) \d{4}\b"
)
_PROMISE = regex.compile(
    r"\b(?:guarantee[sd]?|promise[sd]?|money[- ]back|free of charge|no questions asked|always free|"
    r"certified|award[- ]winning|Garantie|garantiert|garantizado|garanti)\b",
    regex.IGNORECASE,
)
_MAX_CLAIMS = 60
_BUCKETS = (("1–8", 8), ("9–14", 14), ("15–20", 20), ("21–28", 28), ("29+", 10**6))


def _quote(sentences: list[Sentence], test: str, limit: int = 2) -> list[Evidence]:
    found = [s for s in sentences if test in s.text and 4 <= len(s.words) <= 35]
    return [Evidence(source=s.source, sentence=s.text) for s in found[:limit]]


def rhythm(sentences: list[Sentence], features: Features, language: str) -> Rhythm:
    lengths = sorted(len(sentence.words) for sentence in sentences)
    if not lengths:
        return Rhythm()
    shares: dict[str, float] = {}
    floor = 0
    for label, ceiling in _BUCKETS:
        shares[label] = round(sum(floor < n <= ceiling for n in lengths) / len(lengths), 3)
        floor = ceiling
    ease = feats.reading_ease(features, language)
    lix = feats.lix(features, (sentence.text for sentence in sentences))
    median = statistics.median(lengths)
    typical = sorted(sentences, key=lambda s: abs(len(s.words) - median))[:2]
    return Rhythm(
        mean=round(statistics.fmean(lengths), 1),
        median=median,
        p10=lengths[len(lengths) // 10],
        p90=lengths[min(len(lengths) - 1, len(lengths) * 9 // 10)],
        buckets=shares,
        reading_ease=ease,
        lix=lix,
        reading_label=feats.reading_label(ease, lix),
        evidence=[Evidence(source=s.source, sentence=s.text) for s in typical],
    )


def person(sentences: list[Sentence], features: Features, language: str) -> Person:
    rates = {
        key: features.cues.get(key, 0.0)
        for key in ("first_singular", "first_plural", "second", "third")
    }
    total = sum(rates.values())
    if not total:
        return Person(contractions=features.contracted_share)
    shares = {key: round(rate / total, 3) for key, rate in rates.items()}
    first = max(rates["first_singular"], rates["first_plural"])
    speaks: Literal["we", "I", "third person"] = "third person"
    if first >= 0.4:
        speaks = "we" if rates["first_plural"] >= rates["first_singular"] else "I"
    addressed = cues_of(language).get("second", frozenset())
    examples = [
        s
        for s in sentences
        if any(fold(word) in addressed for word in s.words) and 5 <= len(s.words) <= 22
    ]
    return Person(
        **shares,
        pronouns_per_100_words=round(total, 1),
        speaks_as=speaks,
        addresses="you" if rates["second"] >= 0.5 else "nobody",
        polite_form=_polite_form(sentences, language),
        contractions=_rounded(features.contracted_share),
        evidence=[Evidence(source=s.source, sentence=s.text) for s in examples[:3]],
    )


def _polite_form(sentences: list[Sentence], language: str) -> Literal["formal", "informal", "none"]:
    """German Sie or du, French vous or tu, Spanish usted or tú."""
    forms = {
        "de": (
            r"(?<!^)\b(?:Sie|Ihnen|Ihre?[nmrs]?)\b",
            r"(?i)\b(?:du|dich|dir|dein\w*|euch|eure?\w*)\b",
        ),
        "fr": (r"(?i)\b(?:vous|votre|vos)\b", r"(?i)\b(?:tu|toi|ton|ta|tes)\b"),
        "es": (r"(?i)\b(?:usted|ustedes)\b", r"(?i)\b(?:tú|ti|contigo|tu|tus)\b"),
    }
    if language not in forms:
        return "none"
    formal, informal = (regex.compile(pattern) for pattern in forms[language])
    polite = sum(len(formal.findall(sentence.text)) for sentence in sentences)
    close = sum(len(informal.findall(sentence.text)) for sentence in sentences)
    if not polite + close:
        return "none"
    return "formal" if polite > close else "informal"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def punctuation(sentences: list[Sentence]) -> Punctuation:
    joined = "\n".join(sentence.text for sentence in sentences)
    per = 100 / max(1, len(sentences))
    marks = {
        "exclamation": "!",
        "question": "?",
        "semicolon": ";",
        "colon": ":",
        "parentheses": "(",
    }
    rates = {name: round(joined.count(mark) * per, 1) for name, mark in marks.items()}
    curly = joined.count("“") + joined.count("’") + joined.count("„")
    straight = joined.count('"') + joined.count("'")
    return Punctuation(
        **rates,
        dash=round(len(feats.DASH.findall(joined)) * per, 1),
        ellipsis=round((joined.count("…") + joined.count("...")) * per, 1),
        oxford_comma=_oxford(joined),
        quotes="unknown" if curly + straight < 3 else "curly" if curly > straight else "straight",
        evidence={name: ev for name, mark in marks.items() if (ev := _quote(sentences, mark))},
    )


def _oxford(text: str) -> Habit:
    with_comma, plain = len(_OXFORD.findall(text)), len(_PLAIN_SERIES.findall(text))
    if with_comma + plain < 3:
        return "unknown"
    share = with_comma / (with_comma + plain)
    return (
        "always"
        if share > 0.85
        else "often"
        if share > 0.5
        else "sometimes"
        if share > 0.15
        else "never"
    )


def emoji(sentences: list[Sentence]) -> Emoji:
    found = Counter(mark for sentence in sentences for mark in emoji_in(sentence.text))
    with_emoji = [s for s in sentences if emoji_in(s.text)]
    return Emoji(
        per_100_sentences=round(sum(found.values()) * 100 / max(1, len(sentences)), 1),
        favourites=[mark for mark, _ in found.most_common(8)],
        evidence=[Evidence(source=s.source, sentence=s.text) for s in with_emoji[:2]],
    )


def hashtags(documents: list[Document]) -> Hashtags:
    found = Counter(tag for document in documents for tag in feats.HASHTAG.findall(document.text))
    total = sum(found.values())
    if not total:
        return Hashtags()
    camel = sum(n for tag, n in found.items() if not tag.islower())
    return Hashtags(
        per_document=round(total / len(documents), 2),
        style="CamelCase" if camel * 2 >= total else "lowercase",
        favourites=[tag for tag, _ in found.most_common(8)],
    )


def capitalisation(all_sentences: list[Sentence], body: list[Sentence]) -> Capitalisation:
    headings = [s for s in all_sentences if s.is_heading and len(s.words) >= 3]
    title = sum(
        sum(word[0].isupper() or len(word) < 4 for word in s.words) >= len(s.words) - 0.5
        for s in headings
    )
    style: Literal["Title Case", "Sentence case", "unknown"] = "unknown"
    if len(headings) >= 3:
        style = "Title Case" if title * 2 > len(headings) else "Sentence case"
    count = max(1, len(body))
    return Capitalisation(
        headings=style,
        shouting_per_100_sentences=round(
            sum(len(feats.SHOUT.findall(s.text)) for s in body) * 100 / count, 1
        ),
        lowercase_starts=round(sum(s.text[0].islower() for s in body) / count, 3),
    )


def claims(sentences: list[Sentence], language: str) -> list[Claim]:
    """Statements with a number, a superlative or a promise."""
    cues = cues_of(language)
    superlative, brand_side = (
        cues.get("superlative", frozenset()),
        cues.get("first_plural", frozenset()),
    )
    out: list[Claim] = []
    for sentence in sentences:
        words = [fold(word) for word in sentence.words]
        if not 5 <= len(words) <= 45 or sentence.text.endswith(("?", ":")):
            continue
        kind: Literal["number", "superlative", "promise"] | None = None
        if _PROMISE.search(sentence.text):
            kind = "promise"
        elif _NUMBER.search(sentence.text):
            kind = "number"
        elif any(w in superlative for w in words) and any(w in brand_side for w in words):
            kind = "superlative"
        if kind:
            out.append(Claim(text=sentence.text, kind=kind, source=sentence.source))
    return out[:_MAX_CLAIMS]
