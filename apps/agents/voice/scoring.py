"""How well a text fits a voice: 0 to 100, with a reason for every point won or lost.

The score is a weighted mean of fits between 0 and 1. Each fit compares the text with the profile by
the same measure that made the profile, with more patience for short texts, which cannot show much.
"""

from __future__ import annotations

from typing import Literal

import regex
from pydantic import BaseModel

from apps.agents.voice.features import (
    CONTRACTION,
    EXPANDED,
    HASHTAG,
    SHOUT,
    Features,
    measure,
)
from apps.agents.voice.scales import SCALES, value_of
from apps.agents.voice.text import (
    content_words,
    emoji_in,
    fold,
    sentences_of,
    stem,
    words_of,
    zipf,
)
from apps.agents.voice.types import Document, VoiceData

Direction = Literal["helps", "hurts"]


class Reason(BaseModel):
    """Why the score is what it is. `weight` is in points of the 100; `span` is a character range."""

    trait: str
    direction: Direction
    weight: float
    message: str
    span: tuple[int, int] | None = None


class Score(BaseModel):
    value: int
    reasons: list[Reason]

    @property
    def label(self) -> str:
        for floor, label in ((80, "In voice"), (60, "Close"), (40, "Off in places")):
            if self.value >= floor:
                return label
        return "Off voice"


WEIGHTS = {
    "words": 36.0, "cliches": 20.0, "tone": 18.0, "rhythm": 10.0, "marks": 12.0, "person": 6.0,
    "contractions": 4.0,
}  # fmt: skip
# Any decent prose fits most habits, so the upper range is stretched: a fit of 0.8 scores 70.
_SHARPNESS = 1.6
_PHRASE_BONUS, _PHRASE_BONUS_MAX = 2.0, 4.0
# Tone differences below this many points are what any two of a brand's own texts show.
_TONE_SLACK, _TONE_RANGE = 14.0, 50.0
_TEXT_SURE_AT_WORDS = 60
# Where a network expects hashtags, up to this many are no breach of habit.
_NETWORK_HASHTAGS = {"mastodon": 3, "bluesky": 2, "linkedin": 3, "instagram": 8, "x": 2}


class _Judge:
    def __init__(self, text: str, voice: VoiceData, network: str | None) -> None:
        self.text, self.voice, self.network = text, voice, network
        self.bare = HASHTAG.sub(" ", text)
        self.sentences = [s.text for s in sentences_of(Document("", self.bare))] or [self.bare]
        self.features: Features = measure(self.sentences, voice.language)
        self.reasons: list[Reason] = []
        self.fits: dict[str, float] = {}

    def add(
        self,
        key: str,
        trait: str,
        fit: float,
        good: str,
        bad: str,
        span: tuple[int, int] | None = None,
    ) -> None:
        """Record a fit; `good` or `bad` becomes the reason, whichever applies and is not empty."""
        self.fits[key] = fit
        weight = WEIGHTS[key]
        if fit >= 0.75:
            if good:
                self._reason(trait, "helps", weight * fit, good, None)
        elif bad:
            self._reason(trait, "hurts", weight * (1 - fit), bad, span)

    def _reason(
        self,
        trait: str,
        direction: Direction,
        weight: float,
        message: str,
        span: tuple[int, int] | None,
    ) -> None:
        points = round(weight * 100 / sum(WEIGHTS.values()), 1)
        self.reasons.append(
            Reason(
                trait=trait,
                direction=direction,
                weight=points,
                message=message,
                span=span,
            )
        )

    def words(self) -> None:
        lexicon, language = self.voice.lexicon, self.voice.language
        words = content_words(self.bare, language)
        if len(words) < 2:
            return
        known = [word for word in words if stem(word, language) in lexicon]
        # Everyday words that the brand happens not to use say little either way.
        foreign = [w for w in words if stem(w, language) not in lexicon and zipf(w, language) < 4.2]
        neutral = len(words) - len(known) - len(foreign)
        share = (len(known) + neutral * 0.5) / len(words)
        fit = min(1.0, max(0.0, (share - 0.15) / max(0.2, self.voice.coverage * 0.9 - 0.15)))
        strange = ", ".join(f"“{word}”" for word in list(dict.fromkeys(foreign))[:3])
        self.add(
            "words", "Vocabulary", fit,
            f"{len(known)} of {len(words)} content words are words the brand uses.",
            f"Only {len(known)} of {len(words)} content words are the brand’s own"
            + (f"; {strange} are new to it." if strange else "."),
            self._span(foreign[0]) if foreign else None,
        )  # fmt: skip

    def cliches(self) -> None:
        hits = [
            (match.span(), term)
            for term in self.voice.avoid
            for match in avoided_pattern(term.text).finditer(self.text)
        ]
        fit = max(0.0, 1 - 0.55 * len(hits))
        self.fits["cliches"] = fit
        share = WEIGHTS["cliches"] * (1 - fit) / len(hits) if hits else 0.0
        for span, term in hits[:6]:
            hint = f" Try “{term.instead}”." if term.instead else ""
            self._reason(
                "Words to avoid",
                "hurts",
                share,
                f"The brand avoids “{term.text}”.{hint}",
                span,
            )

    def tone(self) -> None:
        patience = max(0.25, min(1.0, self.features.words / _TEXT_SURE_AT_WORDS))
        fits, worst = [], (1.0, "")
        for rules in SCALES:
            target = self.voice.scale(rules.key)
            if target is None:
                continue
            value = value_of(rules, self.features)
            gap = abs(value - target.value) * (0.5 + patience / 2)
            fit = 1 - max(0.0, min(1.0, (gap - _TONE_SLACK) / _TONE_RANGE))
            fits.append(fit)
            if fit < worst[0]:
                word = rules.high if value > target.value else rules.low
                worst = (
                    fit,
                    f"More {word} than the brand, which is {target.in_words()}.",
                )
        if fits:
            self.add("tone", "Tone", sum(fits) / len(fits) * 0.6 + min(fits) * 0.4,
                     "The tone is close to the brand’s.", worst[1])  # fmt: skip

    def rhythm(self) -> None:
        rhythm, length = self.voice.rhythm, self.features.sentence_length
        if not rhythm.p90:
            return
        low, high = min(rhythm.p10, 5.0), rhythm.p90 + 2
        over = max(0.0, low - length, length - high)
        self.add(
            "rhythm", "Sentence length", max(0.0, 1 - over / 12), "",
            f"Sentences of {length:.0f} words; the brand’s have about {rhythm.median:.0f}.",
        )  # fmt: skip

    def marks(self) -> None:
        count, found = max(1, len(self.sentences)), []
        exclaims = self.text.count("!")
        found.append(
            (
                exclaims - _allowed(self.voice.punctuation.exclamation, count),
                "exclamation marks",
                self.text.find("!"),
            )
        )
        emoji = emoji_in(self.text)
        found.append(
            (
                len(emoji) - _allowed(self.voice.emoji.per_100_sentences, count),
                "emoji",
                self.text.find(emoji[0]) if emoji else -1,
            )
        )
        shouts = [
            m
            for m in SHOUT.finditer(self.bare)
            if stem(m.group(), self.voice.language) not in self.voice.lexicon
        ]
        found.append(
            (
                len(shouts) - _allowed(self.voice.capitalisation.shouting_per_100_sentences, count),
                "words in capitals",
                shouts[0].start() if shouts else -1,
            )
        )
        tags = list(HASHTAG.finditer(self.text))
        usual = max(
            self.voice.hashtags.per_document,
            _NETWORK_HASHTAGS.get(self.network or "", 1),
        )
        found.append((len(tags) - usual, "hashtags", tags[0].start() if tags else -1))
        too_many = [(extra, name, at) for extra, name, at in found if extra > 0]
        fit = max(0.0, 1 - sum(min(0.6, 0.3 * extra) for extra, _, _ in too_many))
        names = " and ".join(name for _, name, _ in too_many)
        at = too_many[0][2] if too_many else -1
        self.add(
            "marks", "Punctuation and marks", fit, "",
            f"More {names} than the brand uses.", (at, at + 1) if at >= 0 else None,
        )  # fmt: skip

    def person(self) -> None:
        person, features = self.voice.person, self.features
        if features.words < 12:
            return
        fit, problems = 1.0, []
        if person.speaks_as == "we" and features.cues.get("first_singular", 0) > 2:
            fit -= 0.6
            problems.append("speaks as “I” where the brand says “we”")
        if person.speaks_as == "third person" and features.first > 2:
            fit -= 0.6
            problems.append("speaks as “we” where the brand speaks of itself by name")
        if person.addresses == "nobody" and features.second > 3:
            fit -= 0.5
            problems.append("addresses the reader, which the brand does not")
        if person.addresses == "you" and features.second == 0 and features.first == 0:
            fit -= 0.3
            problems.append("leaves out both “we” and “you”")
        self.add("person", "Person", max(0.0, fit), "", f"It {' and '.join(problems)}.")

    def contractions(self) -> None:
        habit = self.voice.person.contractions
        contracted, expanded = CONTRACTION.search(self.bare), EXPANDED.search(self.bare)
        if habit is None or not (contracted or expanded):
            return
        share = self.features.contracted_share or 0.0
        fit = 1 - max(0.0, abs(share - habit) - 0.35) / 0.65
        match = expanded if habit > share else contracted
        self.add(
            "contractions", "Contractions", fit, "",
            "The brand would contract this." if habit > share else "The brand would not contract this.",
            self._span(match.group()) if match else None,
        )  # fmt: skip

    def phrases(self) -> float:
        folded = fold(self.text)
        used = [term.text for term in self.voice.phrases if term.text in folded]
        bonus = min(_PHRASE_BONUS_MAX, _PHRASE_BONUS * len(used))
        for phrase in used[:2]:
            self.reasons.append(
                Reason(trait="Phrases", direction="helps", weight=_PHRASE_BONUS,
                       message=f"Uses the brand’s phrase “{phrase}”.", span=self._span(phrase))
            )  # fmt: skip
        return bonus

    def _span(self, needle: str) -> tuple[int, int] | None:
        at = fold(self.text).find(fold(needle))
        return (at, at + len(needle)) if at >= 0 else None


def avoided_pattern(term: str) -> regex.Pattern[str]:
    """Matches the word or phrase as a whole, also with a plain English ending."""
    ending = r"(?:s|d|ed|es|ing)?" if " " not in term and len(term) > 3 else ""
    words = r"\s+".join(regex.escape(word).replace("'", "['’]") for word in term.split())
    return regex.compile(rf"(?<!\w){words}{ending}(?!\w)", regex.IGNORECASE)


def _allowed(per_100_sentences: float, sentences: int) -> float:
    """Marks a text may hold before they count: twice the habit, and one as soon as there is one."""
    expected = per_100_sentences * sentences / 100
    return max(1.0 if per_100_sentences >= 4 else 0.0, expected * 2)


def score(text: str, voice: VoiceData, network: str | None = None) -> Score:
    """Fit of `text` to `voice`. `network` only widens what hashtags are normal.

    A text without words scores 0. Reasons come sorted by weight, those that hurt first.
    """
    if not words_of(text):
        return Score(value=0, reasons=[])
    judge = _Judge(text, voice, network)
    for part in (
        judge.words,
        judge.cliches,
        judge.tone,
        judge.rhythm,
        judge.marks,
        judge.person,
        judge.contractions,
    ):
        part()
    total = sum(WEIGHTS[key] for key in judge.fits)
    mean = sum(WEIGHTS[key] * fit for key, fit in judge.fits.items()) / total
    value = round(max(0.0, min(100.0, mean**_SHARPNESS * 100 + judge.phrases())))
    reasons = sorted(judge.reasons, key=lambda r: (r.direction != "hurts", -r.weight))
    return Score(value=value, reasons=reasons)
