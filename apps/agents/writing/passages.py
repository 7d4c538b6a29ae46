"""The brand's own sentences on a topic: BM25 over sentences that can stand alone."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import regex

from apps.agents.voice import Document, VoiceData
from apps.agents.voice.text import Sentence, content_words, fold, sentences_of, stem
from apps.agents.writing.phrasebook import book_of, label_of
from apps.agents.writing.types import Brief, Passage

_K1, _B = 1.2, 0.6
_KEEP_FROM = 0.3
_COVER_FROM = 0.6
# Words that name the kind of a topic rather than the topic.
_KINDS = frozenset(
    ("polic", "policy", "guid", "tip", "news", "updat", "stori", "story", "announcement", "launch",
     "program", "page", "post", "blog", "product", "servic", "company", "thing", "way", "new")
)  # fmt: skip
_HEADING_SHARE = 0.6  # a heading speaks for its sentences, less loudly than they do themselves
_MIN_WORDS, _MAX_WORDS = 6, 36
_MAX_FOLLOWING_WORDS = 30
# A sentence that starts like this leans on the one before it.
_LEANS_BACK = regex.compile(
    r"(?:This|That|That['’]s|These|Those|It|It['’]s|Its|They|They['’](?:re|ll|ve)|Their|He|She|His|Her|But|And|So|"
    r"Or|However|Similarly|Likewise|Also|Then|Instead|Both|Such|Otherwise|Conversely|Therefore|Thus|"
    r"Moreover|Furthermore|Additionally|Besides|Still|Yet|Finally|First|Second|Third|Next|Either|"
    r"Neither|Because|Which|For (?:example|instance|that|this|more)|In (?:addition|that|this|either)|"
    r"Other than|With that|After (?:that|this|your)|Once|As such|At that|To that|To further|Here|"
    r"Here['’]s|Of course|On occasion|Let['’]s|Any additional|Most of|All of|Some of|"
    r"Dies\w*|Das|Es|Sie|Er|Aber|Und|Doch|Dabei|Dazu|Damit|Außerdem|Deshalb|Daher|Ceci|Cela|Il|Elle|"
    r"Mais|Et|Donc|Esto|Eso|Ello|Pero|Además|También)\b",
)
# "We call it …": a pronoun this early has its noun in the sentence before.
_LEANS_EARLY = regex.compile(
    r"^(?:[\w'’]+ ){1,3}(?:it|them|this|these|those|that one|such)\b", regex.IGNORECASE
)
# "A side gig for someone you know." has no verb of its own: a list item without its mark.
_FRAGMENT_START = regex.compile(r"^(?:An?|Any|No) ")
_CLAUSE = regex.compile(
    r"\b(?:that|who|which|whose|as long as|if|when|where|because|so that)\b|[,;]"
)
_FINITE = regex.compile(
    r"(?i)\b(?:is|are|was|were|am|has|have|had|do|does|did|can|could|will|would|shall|should|may|might|"
    r"must|gets?|goes|means?|takes?|makes?|helps?|gives?|needs?|comes?|runs?|works?|keeps?|starts?|"
    r"\w+n['’]t)\b|['’](?:s|re|ve|ll|d|m)\b"
)
_SUBJECT = regex.compile(
    r"(?i)\b(?:we|you|i|they|he|she|it|everyone|people|our \w+|your \w+|the \w+|\p{Lu}\w+) \w+"
)
_NEGATIVE = regex.compile(r"(?i)\b(?:not|don['’]ts?|never|avoid|no-gos?|nicht|nie)\b")
_UNQUOTABLE = regex.compile(
    r"(?i)\b(?:click here|documented here|below|above|as follows|the following|cookies?|copyright|"
    r"all rights reserved|subscribe|unsubscribe|log ?in|sign in|privacy policy|terms of|javascript|"
    r"browser|e-mail us|fax|lorem ipsum|read more|mehr lesen|impressum)\b|[©®|{}<>\[\]]|https?://|www\.|@|#\w"
)
_PHONE = regex.compile(r"\+?\d[\d ()/.-]{7,}\d")
_DIGITS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "twelve": "12",
}  # fmt: skip
_RELATIVE = regex.compile(
    r"(?i)\b(?:yesterday|last (?:week|month|year)|this (?:week|month)|next (?:week|month)|heute|gestern)\b"
)


@dataclass
class _Entry:
    sentence: Sentence
    document: Document
    section: str
    terms: Counter[str]
    follows: str
    length: float = field(init=False)

    def __post_init__(self) -> None:
        self.length = sum(self.terms.values())


def find(
    documents: list[Document], brief: Brief, voice: VoiceData, *, limit: int = 12
) -> list[Passage]:
    """Quotable sentences on the brief's topic, most relevant first; empty when nothing is on it."""
    language = voice.language
    topic = _weights(brief, language)
    if not topic:
        return []
    entries = [entry for document in documents for entry in _entries(document, language)]
    if not entries:
        return []
    average = sum(entry.length for entry in entries) / len(entries)
    holding = Counter(term for entry in entries for term in entry.terms)
    named = _terms(label_of(brief.topic, book_of(language)), language)
    rarity = {term: _idf(holding[term], len(entries)) * topic[term] for term in named} or {"": 1.0}
    shares = {term: value / sum(rarity.values()) for term, value in rarity.items()}
    scored = []
    for entry in entries:
        relevance = sum(
            weight * _idf(holding[term], len(entries)) * _saturation(entry, term, average)
            for term, weight in topic.items()
            if entry.terms[term]
        )
        covered = sum(share for term, share in shares.items() if entry.terms[term])
        if covered and is_quotable(entry.sentence):
            value = relevance * covered**0.8 * _quality(entry.sentence, voice)
            scored.append((value, covered, entry))
    # A sentence on one lesser word of the topic is on something else.
    enough = max((covered for _, covered, _ in scored), default=0.0) * _COVER_FROM
    on_topic = [(value, entry) for value, covered, entry in scored if covered >= enough]
    on_topic.sort(key=lambda pair: (-pair[0], pair[1].sentence.position))
    best = on_topic[0][0] if on_topic else 0.0
    return [
        Passage(
            source=entry.sentence.source,
            title=entry.document.title,
            text=entry.sentence.text,
            relevance=round(value / best, 3),
            follows=entry.follows,
            section=entry.section,
            position=entry.sentence.position,
        )
        for value, entry in on_topic[:limit]
        if value >= best * _KEEP_FROM
    ]


def is_quotable(sentence: Sentence) -> bool:
    """True for a whole sentence that is understood, and harmless, without what stands around it."""
    text, size = sentence.text, len(sentence.words)
    return (
        not sentence.is_heading
        and not sentence.is_item
        and _MIN_WORDS <= size <= _MAX_WORDS
        and regex.match(r"[\p{Lu}\p{N}“\"¿¡]", text) is not None
        and text.rstrip('”"’)')[-1:] in ".!?"
        and not _LEANS_BACK.match(text)
        and not _LEANS_EARLY.match(text)
        and _has_verb(text)
        and not _UNQUOTABLE.search(text)
        and not _PHONE.search(text)
        and not _RELATIVE.search(text)
        and _is_balanced(text)
    )


def _has_verb(text: str) -> bool:
    """A rough look for a finite verb of the main clause."""
    if _FRAGMENT_START.match(text):
        return bool(_FINITE.search(_CLAUSE.split(text, maxsplit=1)[0]))
    return bool(_FINITE.search(text) or _SUBJECT.search(text))


def _terms(text: str, language: str) -> list[str]:
    """Stems of the content words, hyphenated ones taken apart and small numbers as digits."""
    words = content_words(text.replace("-", " "), language)
    digits = [_DIGITS.get(word, "") or word for word in fold(text).replace("-", " ").split()]
    numbers = [word for word in digits if word.isdigit()]
    return [stem(word, language) for word in words if word not in _DIGITS] + numbers


def _weights(brief: Brief, language: str) -> dict[str, float]:
    """Terms of the brief. The topic counts most, key points half, the audience a little."""
    weights: dict[str, float] = {}
    for text, weight in (
        (brief.audience, 0.3),
        (" ".join(brief.key_points), 0.5),
        (label_of(brief.topic, book_of(language)), 1.0),
    ):
        for term in _terms(text, language):
            # A bare number matches too much to weigh like a word.
            weights[term] = weight * (0.4 if term.isdigit() or term in _KINDS else 1.0)
    return weights


def _entries(document: Document, language: str) -> list[_Entry]:
    sentences = sentences_of(document)
    title = Counter(_terms(document.title, language))
    section, is_negative = "", False
    heading: Counter[str] = Counter()
    out = []
    for sentence, following in pairwise([*sentences, None]):
        assert sentence is not None
        own = Counter(_terms(sentence.text, language))
        if sentence.is_heading:
            heading, section = own, f"{document.source}#{sentence.position}"
            is_negative = _NEGATIVE.search(sentence.text) is not None
            continue
        if is_negative:  # what stands under "Not okay" must not be quoted as advice
            continue
        terms: Counter[str] = Counter(own)
        for term in {*heading, *title}:
            # Counters hold any number; a fraction is a weak hit.
            terms[term] += _HEADING_SHARE if term in heading else _HEADING_SHARE / 2  # type: ignore[assignment]
        out.append(_Entry(sentence, document, section, terms, _following(sentence, following)))
    return out


def _following(sentence: Sentence, following: Sentence | None) -> str:
    """The next sentence of the same paragraph: it may lean back, since it comes with its anchor."""
    if following is None or following.paragraph != sentence.paragraph:
        return ""
    text = following.text
    if _FRAGMENT_START.match(text) and not _has_verb(text):
        return ""
    bad = _UNQUOTABLE.search(text) or _PHONE.search(text) or not _is_balanced(text)
    whole = text.rstrip('”"’)')[-1:] in ".!?"
    return text if whole and not bad and 4 <= len(following.words) <= _MAX_FOLLOWING_WORDS else ""


def _idf(holding: int, total: int) -> float:
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def _saturation(entry: _Entry, term: str, average: float) -> float:
    uses = entry.terms[term]
    return uses * (_K1 + 1) / (uses + _K1 * (1 - _B + _B * entry.length / average))


def _quality(sentence: Sentence, voice: VoiceData) -> float:
    """How well a sentence serves as a post: near the brand's length, speaking to people, no small print."""
    size = len(sentence.words)
    fit = 1 - min(0.35, abs(size - min(20.0, voice.rhythm.median or 16)) / 60)
    words = {fold(word) for word in sentence.words}
    personal = words & {
        "we",
        "our",
        "you",
        "your",
        "we're",
        "you'll",
        "you're",
        "wir",
        "du",
        "nous",
        "vous",
    }
    small_print = regex.search(
        r"(?i)\((?:[A-Z]{2,}|e\.g)|\b(?:shall|eligible|policy|policies|request|separation|prorated|terminated|resign|reimbursement|approval)\b",
        sentence.text,
    )
    return fit * (1.15 if personal else 1.0) * (0.7 if small_print else 1.0)


def _is_balanced(text: str) -> bool:
    return (
        text.count("(") == text.count(")")
        and text.count("“") == text.count("”")
        and text.count('"') % 2 == 0
    )
