"""Which language a text is in, by the share of its words that are that language's commonest."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import justext
import regex

# justext's stop lists are ordered by frequency and come with trafilatura. Only languages that
# are written with spaces between words: the rest is told by script.
_LISTS = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian",
    "pt": "Portuguese", "nl": "Dutch", "sv": "Swedish", "da": "Danish", "nb": "Norwegian_Bokmal",
    "fi": "Finnish", "pl": "Polish", "cs": "Czech", "tr": "Turkish", "ro": "Romanian",
    "hu": "Hungarian", "ru": "Russian", "uk": "Ukrainian", "el": "Greek", "id": "Indonesian",
}  # fmt: skip
_SCRIPTS = {"ja": r"[\p{Hiragana}\p{Katakana}]", "zh": r"\p{Han}", "ko": r"\p{Hangul}",
            "ar": r"\p{Arabic}", "he": r"\p{Hebrew}", "hi": r"\p{Devanagari}", "th": r"\p{Thai}"}  # fmt: skip
_WORD = regex.compile(r"\p{L}+(?:['’]\p{L}+)?")
_SAMPLE_CHARS = 20_000
_MIN_WORDS = 8
_MIN_SHARE = 0.18


@lru_cache(maxsize=1)
def _stoplists() -> dict[str, frozenset[str]]:
    return {
        code: frozenset(word.casefold() for word in justext.get_stoplist(name))
        for code, name in _LISTS.items()
    }


def detect(text: str) -> str | None:
    """ISO 639-1 code, or None when the text is too short or too mixed to tell."""
    sample = text[:_SAMPLE_CHARS]
    letters = len(regex.findall(r"\p{L}", sample))
    if not letters:
        return None
    for code, pattern in _SCRIPTS.items():
        if len(regex.findall(pattern, sample)) > letters * (0.1 if code == "ja" else 0.4):
            return code
    words = Counter(word.casefold() for word in _WORD.findall(sample))
    total = sum(words.values())
    if total < _MIN_WORDS:
        return None
    shares = {
        code: sum(count for word, count in words.items() if word in stoplist)
        / total
        # A long list catches more by chance alone; the square root evens that out.
        / (len(stoplist) ** 0.1)
        for code, stoplist in _stoplists().items()
    }
    best = max(shares, key=lambda code: shares[code])
    return best if shares[best] >= _MIN_SHARE / 2 else None


def normalise_tag(tag: str | None) -> str | None:
    """`"en-GB"` to `"en"`; None for what is no language tag."""
    if not tag:
        return None
    head = tag.strip().split("-")[0].split("_")[0].casefold()
    return head if head.isascii() and head.isalpha() and len(head) in (2, 3) else None
