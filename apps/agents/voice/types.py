"""The shape of a voice. Stored as JSON, edited by people, read by writers, guards and scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT = 1
Habit = Literal["always", "often", "sometimes", "never", "unknown"]


@dataclass(frozen=True)
class Document:
    """One text of the brand. `source` is the caller's own reference, returned in evidence."""

    source: str
    text: str
    title: str = ""
    language: str | None = None


class _Part(BaseModel):
    # Readers of an older format drop what they do not know instead of failing.
    model_config = ConfigDict(extra="ignore")


class Evidence(_Part):
    source: str
    sentence: str


class Scale(_Part):
    """A pair of opposites. 0 is all `low`, 100 all `high`; `confidence` 0..1 grows with text."""

    key: str
    low: str
    high: str
    value: int = Field(ge=0, le=100)
    confidence: float = 1.0
    features: dict[str, float] = {}
    evidence: list[Evidence] = []
    edited: bool = False

    def in_words(self) -> str:
        for floor, words in (
            (80, f"very {self.high}"),
            (60, f"rather {self.high}"),
            (41, f"between {self.low} and {self.high}"),
            (21, f"rather {self.low}"),
        ):
            if self.value >= floor:
                return words
        return f"very {self.low}"


class Rhythm(_Part):
    """Sentence lengths in words; `buckets` are shares of sentences (0..1) by length.

    `reading_ease` is Flesch (English), its national variants (de, es, fr, it, nl) or, elsewhere,
    `None` with `lix` to go by.
    """

    mean: float = 0
    median: float = 0
    p10: float = 0
    p90: float = 0
    buckets: dict[str, float] = {}
    reading_ease: float | None = None
    lix: float = 0
    reading_label: str = ""
    evidence: list[Evidence] = []


class Person(_Part):
    """Shares (0..1) among pronouns, and how the brand names itself and its reader."""

    first_singular: float = 0
    first_plural: float = 0
    second: float = 0
    third: float = 0
    pronouns_per_100_words: float = 0
    speaks_as: Literal["we", "I", "third person"] = "third person"
    addresses: Literal["you", "nobody"] = "nobody"
    polite_form: Literal["formal", "informal", "none"] = "none"
    contractions: float | None = None
    evidence: list[Evidence] = []


class Term(_Part):
    """A word to prefer or avoid. `weight` is its keyness (prefer) or 0.

    `by_hand` marks what a person added: such a word to avoid is banned, a learned one only frowned on.
    """

    text: str
    count: int = 0
    weight: float = 0
    instead: str = ""
    why: str = ""
    by_hand: bool = False
    evidence: list[Evidence] = []


class Punctuation(_Part):
    """Marks per 100 sentences, and two habits."""

    exclamation: float = 0
    question: float = 0
    dash: float = 0
    ellipsis: float = 0
    semicolon: float = 0
    colon: float = 0
    parentheses: float = 0
    oxford_comma: Habit = "unknown"
    quotes: Literal["curly", "straight", "unknown"] = "unknown"
    evidence: dict[str, list[Evidence]] = {}


class Emoji(_Part):
    per_100_sentences: float = 0
    favourites: list[str] = []
    evidence: list[Evidence] = []


class Hashtags(_Part):
    """`per_document` is a mean; `style` is how several words are joined."""

    per_document: float = 0
    style: Literal["CamelCase", "lowercase", "unknown"] = "unknown"
    favourites: list[str] = []


class Capitalisation(_Part):
    headings: Literal["Title Case", "Sentence case", "unknown"] = "unknown"
    shouting_per_100_sentences: float = 0
    lowercase_starts: float = 0


class Claim(_Part):
    """A statement that can be true or false, so it needs a source: the sentence itself."""

    text: str
    kind: Literal["number", "superlative", "promise"]
    source: str


class VoiceData(_Part):
    """All that is known of a voice. `lexicon` maps stems to counts; `coverage` is the share of
    content words of the brand's own sentences that its other sentences also use."""

    format: int = FORMAT
    language: str = "en"
    documents: int = 0
    sentences: int = 0
    words: int = 0
    scales: list[Scale] = []
    rhythm: Rhythm = Rhythm()
    person: Person = Person()
    prefer: list[Term] = []
    avoid: list[Term] = []
    phrases: list[Term] = []
    openings: list[Term] = []
    emoji: Emoji = Emoji()
    punctuation: Punctuation = Punctuation()
    hashtags: Hashtags = Hashtags()
    capitalisation: Capitalisation = Capitalisation()
    claims: list[Claim] = []
    products: list[Term] = []
    rules: list[str] = []
    lexicon: dict[str, int] = {}
    coverage: float = 0.5

    def scale(self, key: str) -> Scale | None:
        return next((scale for scale in self.scales if scale.key == key), None)
