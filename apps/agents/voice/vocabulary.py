"""Words and phrases a brand leans on, and the ones it would not use."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable

import regex

from apps.agents.voice.text import (
    Sentence,
    cliches_of,
    content_words,
    fold,
    function_words,
    stem,
    words_of,
    zipf,
)
from apps.agents.voice.types import Evidence, Term

_MAX_PREFER, _MAX_AVOID, _MAX_PHRASES, _MAX_OPENINGS = 40, 40, 20, 8
_MAX_LEXICON = 1500
# A word counts as the brand's own from this many times its everyday frequency.
_STANDS_OUT = 5
_NAME = regex.compile(
    r"(?<=[\p{Ll}\p{N},;:–—(] )\p{Lu}[\p{L}\p{N}]+(?: (?:\p{Lu}[\p{L}\p{N}]+|of the \p{Lu}\p{Ll}+)){0,3}"
)
_CALENDAR = frozenset(
    word
    for line in (
        "monday tuesday wednesday thursday friday saturday sunday i english",
        "january february march april may june july august september october november december",
    )
    for word in line.split()
)


def lexicon_of(sentences: Iterable[Sentence], language: str) -> Counter[str]:
    """Uses of each content stem."""
    return Counter(
        stem(word, language)
        for sentence in sentences
        for word in content_words(sentence.text, language)
    )


def coverage_of(sentences: list[Sentence], lexicon: Counter[str], language: str) -> float:
    """Share of content words in a sentence that other sentences use too (each left out in turn)."""
    shares = []
    for sentence in sentences[:3000]:
        own = Counter(stem(word, language) for word in content_words(sentence.text, language))
        total = sum(own.values())
        if total >= 3:
            shares.append(sum(n for s, n in own.items() if lexicon[s] > n) / total)
    return round(sum(shares) / len(shares), 3) if shares else 0.5


def trim(lexicon: Counter[str]) -> dict[str, int]:
    return dict(lexicon.most_common(_MAX_LEXICON))


def prefer(sentences: list[Sentence], language: str) -> list[Term]:
    """Words used far more than everyday language would, in more than one place.

    `weight` is the log-likelihood ratio (G²) of the word's count against the reference frequency,
    damped by how evenly the word is spread over the documents.
    """
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    places: dict[str, set[str]] = defaultdict(set)
    examples: dict[str, list[Sentence]] = defaultdict(list)
    capitals: Counter[str] = Counter()
    for sentence in sentences:
        raw = {fold(word): word for word in words_of(sentence.text)[1:]}
        for word in content_words(sentence.text, language):
            key = stem(word, language)
            forms[key][word] += 1
            places[key].add(sentence.source)
            capitals[key] += raw.get(word, word)[0].isupper()
            if not sentence.is_heading and len(examples[key]) < 40:
                examples[key].append(sentence)
    total = sum(sum(counter.values()) for counter in forms.values()) * 2
    documents = len({sentence.source for sentence in sentences})
    terms = []
    for key, counter in forms.items():
        count = sum(counter.values())
        # German writes every noun with a capital; elsewhere that marks a name, kept with products.
        named = language != "de" and capitals[key] > count * 0.6
        if count < 3 or named or (documents > 2 and len(places[key]) < 2):
            continue
        word = counter.most_common(1)[0][0]
        weight = _keyness(count, total, zipf(word, language)) * math.sqrt(
            len(places[key]) / max(1, documents)
        )
        if weight > 6:
            terms.append(
                Term(
                    text=word,
                    count=count,
                    weight=round(weight, 1),
                    evidence=_evidence(examples[key]),
                )
            )
    return sorted(terms, key=lambda term: -term.weight)[:_MAX_PREFER]


def _keyness(count: int, total: int, zipf_value: float) -> float:
    expected = total * 10 ** (zipf_value - 9)
    if count <= expected * _STANDS_OUT:
        return 0.0
    return 2 * (count * math.log(count / expected) - (count - expected))


def avoid(sentences: list[Sentence], language: str) -> list[Term]:
    """Clichés of the trade that this brand, over all its text, never once uses."""
    text = " ".join(fold(sentence.text) for sentence in sentences)
    stems = {stem(word, language) for word in words_of(text)}
    never = [
        Term(text=cliche, instead=instead, why="A cliché the brand does not use.")
        for cliche, instead in cliches_of(language).items()
        if (cliche not in text if " " in cliche else stem(cliche, language) not in stems)
    ]
    return never[:_MAX_AVOID] if len(never) <= _MAX_AVOID else never


def phrases(sentences: list[Sentence], language: str) -> list[Term]:
    """Recurring runs of two to five words, ranked by how much more often than chance they occur."""
    grammar = function_words(language)
    single: Counter[str] = Counter()
    grams: Counter[tuple[str, ...]] = Counter()
    where: dict[tuple[str, ...], list[Sentence]] = defaultdict(list)
    total = 0
    for sentence in sentences:
        if sentence.is_heading:
            continue
        words = [fold(word).removesuffix("'s") for word in sentence.words]
        single.update(words)
        total += len(words)
        for size in range(2, 6):
            for start in range(len(words) - size + 1):
                gram = tuple(words[start : start + size])
                if _is_phrase(gram, grammar):
                    grams[gram] += 1
                    where[gram].append(sentence)
    scored = []
    for gram, count in grams.items():
        if count < 3 or len({s.text for s in where[gram]}) < 3:
            continue
        chance = math.log(count / total) - sum(math.log(single[word] / total) for word in gram)
        scored.append((count * chance / (len(gram) - 1) ** 0.5, gram, count))
    kept: list[Term] = []
    for value, gram, count in sorted(scored, reverse=True):
        if len(kept) == _MAX_PHRASES:
            break
        text = " ".join(gram)
        if any(text in term.text or term.text in text for term in kept):
            continue
        kept.append(
            Term(
                text=text,
                count=count,
                weight=round(value, 1),
                evidence=_evidence(where[gram]),
            )
        )
    return kept


def _is_phrase(gram: tuple[str, ...], grammar: frozenset[str]) -> bool:
    if gram[0] in grammar or gram[-1] in grammar or any(len(w) < 2 and w != "a" for w in gram):
        return False
    return not any(word[0].isdigit() for word in (gram[0], gram[-1]))


def openings(sentences: list[Sentence]) -> list[Term]:
    """How sentences begin: the first two words, where they recur."""
    counts: Counter[str] = Counter()
    where: dict[str, list[Sentence]] = defaultdict(list)
    for sentence in sentences:
        words = sentence.words
        if not sentence.is_heading and len(words) >= 5:
            opening = " ".join(words[:2])
            counts[opening] += 1
            where[opening].append(sentence)
    return [
        Term(text=text, count=count, evidence=_evidence(where[text]))
        for text, count in counts.most_common(_MAX_OPENINGS)
        if count >= 3
    ]


def products(sentences: list[Sentence], language: str) -> list[Term]:
    """Names in mid-sentence that recur: products, teams, places the brand speaks of."""
    if language == "de":  # every noun has a capital there, so only inner capitals tell a name
        return []
    counts: Counter[str] = Counter()
    where: dict[str, list[Sentence]] = defaultdict(list)
    for sentence in sentences:
        if sentence.is_heading:
            continue
        for name in _NAME.findall(sentence.text):
            if fold(name) not in _CALENDAR:
                counts[name] += 1
                where[name].append(sentence)
    lower = Counter(word for sentence in sentences for word in sentence.words if word.islower())
    return [
        Term(text=name, count=count, evidence=_evidence(where[name]))
        for name, count in counts.most_common(60)
        if count >= 2 and lower[name.lower()] < count
    ][:15]


def _evidence(sentences: list[Sentence], limit: int = 2) -> list[Evidence]:
    """The most quotable of the given sentences: whole, and neither very short nor very long."""
    ranked = sorted(dict.fromkeys(sentences), key=lambda s: abs(len(s.words) - 14))
    return [Evidence(source=s.source, sentence=s.text) for s in ranked[:limit]]
