"""Tone as six scales, each a weighted sum of counted features.

A rule is (feature, middle, spread, weight): at `middle` the feature says nothing, one `spread`
above it pushes the scale up by its full weight. Middles and spreads were set by hand from ordinary
business prose; what matters is that the same rule measures the brand and what is written for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from apps.agents.voice.features import Features, measure
from apps.agents.voice.text import Sentence, words_of
from apps.agents.voice.types import Evidence, Scale


@dataclass(frozen=True)
class Rule:
    feature: str
    middle: float
    spread: float
    weight: float


@dataclass(frozen=True)
class ScaleRules:
    key: str
    low: str
    high: str
    rules: tuple[Rule, ...]


SCALES: tuple[ScaleRules, ...] = (
    ScaleRules("formality", "casual", "formal", (
        Rule("contractions", 20, 25, -3.0),
        Rule("cues.casual", 0.5, 0.8, -2.0),
        Rule("cues.formal", 0.7, 0.9, 2.5),
        Rule("second", 2.5, 3.0, -1.0),
        Rule("word_length", 4.6, 0.6, 2.0),
        Rule("nominal", 3.0, 2.5, 1.5),
        Rule("passive", 20, 25, 1.0),
        Rule("exclamations", 4, 12, -1.0),
    )),
    ScaleRules("playfulness", "serious", "playful", (
        Rule("cues.playful", 0.2, 0.5, 3.0),
        Rule("cues.serious", 0.4, 0.6, -1.5),
        Rule("exclamations", 4, 14, 2.0),
        Rule("emoji", 2, 10, 1.5),
        Rule("questions", 6, 15, 0.7),
        Rule("parentheses", 8, 15, 0.5),
        Rule("cues.casual", 0.5, 0.8, 1.0),
    )),
    ScaleRules("energy", "reserved", "enthusiastic", (
        Rule("exclamations", 5, 12, 3.0),
        Rule("cues.enthusiastic", 0.5, 0.8, 3.0),
        Rule("cues.intensifier", 0.6, 0.8, 1.0),
        Rule("cues.hedge", 0.7, 0.8, -1.5),
        Rule("shouting", 3, 8, 0.7),
        Rule("emoji", 2, 10, 1.0),
    )),
    ScaleRules("complexity", "plain", "technical", (
        Rule("long_words", 0.13, 0.07, 2.5),
        Rule("rare_words", 0.24, 0.12, 2.0),
        Rule("acronyms", 0.8, 1.2, 1.5),
        Rule("technical", 0.3, 0.8, 1.5),
        Rule("numbers", 1.5, 2.0, 0.7),
        Rule("sentence_length", 17, 8, 1.2),
    )),
    ScaleRules("irreverence", "respectful", "irreverent", (
        Rule("cues.irreverent", 0.08, 0.2, 3.0),
        Rule("cues.polite", 0.3, 0.4, -1.5),
        Rule("cues.blunt", 1.2, 1.2, 1.5),
        Rule("cues.casual", 0.5, 0.8, 1.0),
        Rule("cues.formal", 0.7, 0.9, -1.0),
    )),
    ScaleRules("closeness", "distant", "personal", (
        Rule("first", 1.8, 2.0, 2.0),
        Rule("second", 1.8, 2.2, 3.0),
        Rule("passive", 20, 25, -1.0),
        Rule("questions", 6, 15, 0.7),
        Rule("contractions", 20, 30, 1.0),
    )),
)  # fmt: skip
# Words after which a scale is trusted fully; below, it is drawn towards the middle.
_SURE_AT_WORDS = 600
_EVIDENCE = 3
# Sentences looked at one by one for evidence, spread over the whole text.
_JUDGED = 500


def value_of(rules: ScaleRules, features: Features) -> float:
    """Position on one scale, 0..100, by the features alone."""
    total = sum(abs(rule.weight) for rule in rules.rules)
    pushed = sum(
        rule.weight
        * max(-1.0, min(1.0, (_get(features, rule.feature) - rule.middle) / rule.spread))
        for rule in rules.rules
    )
    return 50 + 50 * pushed / total


def _get(features: Features, name: str) -> float:
    if name.startswith("cues."):
        return features.cues.get(name.removeprefix("cues."), 0.0)
    return float(getattr(features, name))


def learn_scales(sentences: list[Sentence], features: Features, language: str) -> list[Scale]:
    confidence = round(min(1.0, features.words / _SURE_AT_WORDS), 2)
    single = [
        (sentence, measure([sentence.text], language))
        for sentence in sentences[:: max(1, len(sentences) // _JUDGED)]
        if 6 <= len(sentence.words) <= 32
    ]
    scales = []
    for rules in SCALES:
        raw = value_of(rules, features)
        value = 50 + (raw - 50) * (0.5 + confidence / 2)
        scales.append(
            Scale(
                key=rules.key,
                low=rules.low,
                high=rules.high,
                value=round(value),
                confidence=confidence,
                features={r.feature: round(_get(features, r.feature), 2) for r in rules.rules},
                evidence=_evidence(rules, single, towards_high=raw >= 50),
            )
        )
    return scales


def _evidence(
    rules: ScaleRules, single: list[tuple[Sentence, Features]], *, towards_high: bool
) -> list[Evidence]:
    """Sentences that pull hardest in the direction the whole went, from different places."""
    sign = -1 if towards_high else 1
    ranked = sorted(
        single,
        key=lambda pair: (sign * value_of(rules, pair[1]), len(words_of(pair[0].text))),
    )
    return [Evidence(source=s.source, sentence=s.text) for s, _ in ranked[:_EVIDENCE]]
