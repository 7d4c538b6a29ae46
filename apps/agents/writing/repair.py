"""Mechanical repairs: what can be put right in a text without writing anew."""

from __future__ import annotations

from collections.abc import Iterable

import regex

from apps.agents.voice.features import HASHTAG
from apps.agents.voice.scoring import avoided_pattern
from apps.agents.writing.builtin import shorten
from apps.agents.writing.guards import Finding
from apps.agents.writing.types import Assignment


def mend(text: str, findings: Iterable[Finding], assignment: Assignment) -> str:
    """`text` with what can be mended mended; "" when a finding is beyond mending.

    Sentences with unknown numbers or secrets are left out whole. The caller checks the result again.
    """
    codes = {finding.code for finding in findings if finding.verdict == "block"}
    if codes & {"duplicate", "off_voice", "leftover", "empty"}:
        return ""
    for finding in findings:
        if (
            finding.verdict == "block"
            and finding.code in ("unknown_number", "secret", "card_number", "link_unknown")
            and finding.span
        ):
            text = _without_sentence(text, text_at(text, finding.span))
    if "avoided_word" in codes:
        text = _replace_avoided(text, assignment)
    link = assignment.brief.link
    if link and link not in text:
        text = f"{text.rstrip()}\n\n{link}"
    if not assignment.network.fits(text):
        text = HASHTAG.sub("", text).rstrip()
    if not assignment.network.fits(text):
        text = shorten(text, assignment)
    bare = text.replace(link, "") if link else text
    return text.strip() if regex.search(r"\p{L}", bare) else ""


def text_at(text: str, span: tuple[int, int]) -> str:
    return text[span[0] : span[1]]


def _without_sentence(text: str, needle: str) -> str:
    if not needle:
        return text
    pieces = regex.split(r"((?<=[.!?…])[ \t]+|\n+)", text)
    kept = [piece for piece in pieces if needle not in piece]
    joined = regex.sub(r"[ \t]{2,}", " ", "".join(kept))
    return regex.sub(r"\n{3,}", "\n\n", joined).strip()


def _replace_avoided(text: str, assignment: Assignment) -> str:
    for term in assignment.voice.avoid:
        pattern = avoided_pattern(term.text)
        if not term.by_hand or not (match := pattern.search(text)):
            continue
        # A word with a stand-in is exchanged; without one the sentence goes, since leaving a hole
        # would break its grammar.
        if term.instead:
            text = pattern.sub(
                lambda m, put=term.instead: put.capitalize() if m.group()[0].isupper() else put,
                text,
            )
        else:
            text = _without_sentence(text, match.group())
    return text
