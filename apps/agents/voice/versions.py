"""What changed between two versions of a voice, in words a person understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.agents.voice.types import VoiceData


@dataclass(frozen=True)
class Change:
    """One difference. For lists `before` and `after` hold what went and what came."""

    part: str
    before: str
    after: str


_LISTS = {
    "prefer": "Words to prefer",
    "avoid": "Words to avoid",
    "phrases": "Recurring phrases",
    "products": "Names",
}


def compare(old: VoiceData, new: VoiceData) -> list[Change]:
    """Differences a reader would care about, in the order of the profile page."""
    changes = [_plain("Language", old.language, new.language)]
    for scale in new.scales:
        was = old.scale(scale.key)
        name = f"Tone: {scale.low} – {scale.high}"
        changes.append(_plain(name, was.value if was else "–", scale.value))
    changes += [
        _plain("Sentence length (median)", old.rhythm.median, new.rhythm.median),
        _plain("Reading ease", old.rhythm.reading_ease, new.rhythm.reading_ease),
        _plain("Speaks as", old.person.speaks_as, new.person.speaks_as),
        _plain("Addresses", old.person.addresses, new.person.addresses),
        _plain("Contractions", old.person.contractions, new.person.contractions),
        _plain(
            "Emoji per 100 sentences",
            old.emoji.per_100_sentences,
            new.emoji.per_100_sentences,
        ),
        _plain(
            "Exclamation marks per 100 sentences",
            old.punctuation.exclamation,
            new.punctuation.exclamation,
        ),
    ]
    for key, label in _LISTS.items():
        before = [term.text for term in getattr(old, key)]
        after = [term.text for term in getattr(new, key)]
        changes.append(_list(label, before, after))
    changes.append(_list("Rules", old.rules, new.rules))
    return [change for change in changes if change is not None]


def _plain(part: str, old: Any, new: Any) -> Change | None:
    return None if old == new else Change(part, _shown(old), _shown(new))


def _shown(value: Any) -> str:
    return "–" if value is None else str(value)


def _list(part: str, old: list[str], new: list[str]) -> Change | None:
    gone = [text for text in old if text not in new]
    come = [text for text in new if text not in old]
    return Change(part, ", ".join(gone), ", ".join(come)) if gone or come else None
