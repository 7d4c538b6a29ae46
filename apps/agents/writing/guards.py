"""What a text must not do before anyone sees it. Each guard passes, warns or blocks, with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import regex
from pydantic import BaseModel

from apps.agents.redaction import SECRETS
from apps.agents.voice import Score, score
from apps.agents.voice.features import HASHTAG
from apps.agents.voice.scoring import avoided_pattern
from apps.agents.voice.text import cues_of, fold, words_of
from apps.agents.writing.types import Assignment

Verdict = Literal["pass", "warn", "block"]

VOICE_WARNS_BELOW, VOICE_BLOCKS_BELOW = 55, 25
_SAME, _ALIKE = 0.82, 0.6
_LINK = regex.compile(r"https?://[^\s<>\"”]+[^\s<>\"”.,;:!?)\]]")
_LEFTOVER = regex.compile(
    r"(?i)\{\w*\}|\[(?:insert|your|link|brand|name|topic)\b[^\]]*\]|\*\*|^#{1,6} |```|"
    r"\bas an ai\b|\blanguage model\b|"
    r"\bhere (?:is|are|'s) (?:a|your|the|three|two) (?:post|draft|candidate|option)",
    regex.MULTILINE,
)
_EMAIL = regex.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_PHONE = regex.compile(r"(?<![\w.])\+?\d[\d ()/-]{7,}\d(?!\w)")
_CARD = regex.compile(r"\b(?:\d[ -]?){13,19}\b")
_IBAN = regex.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_NUMBER = regex.compile(r"\d+(?:[.,]\d+)*")
_CLAIM_WORDS = regex.compile(
    r"(?i)\b(?:guaranteed?|proven|certified|award[- ]winning|number one|#1|world['’]s (?:best|first|largest)|"
    r"market leader|garantiert|zertifiziert|marktführer|garantizado|certificado|garanti|certifié)\b"
)
_ARTICLE = regex.compile(r"(?i)\b(?:the|die|der|das|le|la|el) ([\p{L}-]+)\b")


class Finding(BaseModel):
    """`code` is stable; `span` is a character range of the text where one place is to blame."""

    guard: str
    verdict: Verdict
    code: str = ""
    message: str = ""
    span: tuple[int, int] | None = None


Guard = Callable[[str, Assignment, "Evidence"], list[Finding]]


class Evidence(BaseModel):
    """What the guards may compare with: everything the brand said, and other texts at hand."""

    source_text: str
    others: list[str] = []
    voice_score: Score


def check(
    text: str, assignment: Assignment, *, source_text: str, others: list[str]
) -> tuple[list[Finding], Score]:
    """All findings for `text` (guards that pass say so too) and its voice score."""
    result = score(text, assignment.voice, assignment.network.key)
    evidence = Evidence(source_text=source_text, others=others, voice_score=result)
    findings: list[Finding] = []
    for name, guard in GUARDS.items():
        found = guard(text, assignment, evidence)
        findings += found or [Finding(guard=name, verdict="pass")]
    return findings, result


def verdict_of(findings: list[Finding]) -> Verdict:
    verdicts = {finding.verdict for finding in findings}
    return "block" if "block" in verdicts else "warn" if "warn" in verdicts else "pass"


def _length(text: str, assignment: Assignment, evidence: Evidence) -> list[Finding]:
    network = assignment.network
    used = network.count(text)
    if not words_of(text):
        return [Finding(guard="length", verdict="block", code="empty", message="There is no text.")]
    if used > network.limit:
        message = f"{used - network.limit} over the {network.limit} that {network.name} allows."
        return [Finding(guard="length", verdict="block", code="too_long", message=message)]
    return []


def _words(text: str, assignment: Assignment, evidence: Evidence) -> list[Finding]:
    found = []
    for term in assignment.voice.avoid:
        match = avoided_pattern(term.text).search(text)
        if match:
            hint = f" Use “{term.instead}” instead." if term.instead else ""
            found.append(
                Finding(
                    guard="words",
                    verdict="block" if term.by_hand else "warn",
                    code="avoided_word",
                    message=f"The brand does not say “{term.text}”.{hint}",
                    span=match.span(),
                )
            )
    return found


def _claims(text: str, assignment: Assignment, evidence: Evidence) -> list[Finding]:
    """Numbers and big words that neither the brand's pages nor the brief contain."""
    brief = assignment.brief
    known_text = fold(
        "\n".join([evidence.source_text, brief.topic, brief.audience, *brief.key_points])
    )
    known_numbers = set(_NUMBER.findall(known_text))
    bare = _LINK.sub(lambda match: " " * len(match.group()), text)
    found = []
    for match in _NUMBER.finditer(bare):
        if match.group() not in known_numbers:
            message = f"“{match.group()}” stands in none of the brand’s sources."
            found.append(
                Finding(
                    guard="claims",
                    verdict="block",
                    code="unknown_number",
                    message=message,
                    span=match.span(),
                )
            )
    superlatives = cues_of(assignment.voice.language).get("superlative", frozenset())
    big = [match for match in _ARTICLE.finditer(bare) if fold(match.group(1)) in superlatives]
    claims = [*_CLAIM_WORDS.finditer(bare), *big]
    found += [_claim(m.group(), m.span()) for m in claims if fold(m.group()) not in known_text]
    return found


def _claim(words: str, span: tuple[int, int]) -> Finding:
    message = f"“{words}” is a claim that none of the brand’s sources makes."
    return Finding(guard="claims", verdict="warn", code="unknown_claim", message=message, span=span)


def _sources(text: str, assignment: Assignment, evidence: Evidence) -> list[Finding]:
    if assignment.passages or assignment.brief.key_points:
        return []
    message = "None of the brand’s sources is about this. Add key points or a page on it."
    return [Finding(guard="sources", verdict="warn", code="nothing_on_topic", message=message)]


def _duplicate(text: str, assignment: Assignment, evidence: Evidence) -> list[Finding]:
    worst = max((similarity(text, other) for other in evidence.others), default=0.0)
    if worst >= _SAME:
        message = "This says the same as another text."
        return [Finding(guard="duplicate", verdict="block", code="duplicate", message=message)]
    if worst >= _ALIKE:
        message = "This is close to another text."
        return [Finding(guard="duplicate", verdict="warn", code="similar", message=message)]
    return []


def similarity(one: str, two: str) -> float:
    """Share of three-word runs (0..1) that the two texts have in common, links aside."""
    first, second = _shingles(one), _shingles(two)
    return len(first & second) / len(first | second) if first and second else float(one == two)


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = [fold(word) for word in words_of(text)]
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} if words else set()


def _link(text: str, assignment: Assignment, evidence: Evidence) -> list[Finding]:
    wanted = assignment.brief.link
    found = []
    if wanted and wanted not in text:
        found.append(
            Finding(
                guard="link", verdict="block", code="link_missing", message="The link is missing."
            )
        )
    elif wanted and text.count(wanted) > 1:
        found.append(
            Finding(
                guard="link",
                verdict="warn",
                code="link_twice",
                message="The link stands there twice.",
            )
        )
    known = evidence.source_text
    for match in _LINK.finditer(text.replace(wanted, " " * len(wanted)) if wanted else text):
        if match.group() not in known:
            message = f"{match.group()} was not asked for and is not among the brand’s pages."
            found.append(
                Finding(
                    guard="link",
                    verdict="block",
                    code="link_unknown",
                    message=message,
                    span=match.span(),
                )
            )
    return found


def _leaks(text: str, assignment: Assignment, evidence: Evidence) -> list[Finding]:
    bare = _LINK.sub(lambda match: " " * len(match.group()), text)
    for name, pattern in SECRETS.items():
        if match := pattern.search(bare):
            message = f"This looks like {name}."
            return [
                Finding(
                    guard="leaks",
                    verdict="block",
                    code="secret",
                    message=message,
                    span=match.span(),
                )
            ]
    for match in _CARD.finditer(bare):
        if _luhn(match.group()):
            message = "This looks like a card number."
            return [
                Finding(
                    guard="leaks",
                    verdict="block",
                    code="card_number",
                    message=message,
                    span=match.span(),
                )
            ]
    given = "\n".join([assignment.brief.topic, *assignment.brief.key_points])
    for code, name, pattern in (
        ("email", "an email address", _EMAIL),
        ("iban", "a bank account", _IBAN),
        ("phone", "a phone number", _PHONE),
    ):
        match = pattern.search(bare)
        if match and match.group() not in given:
            message = f"This gives away {name}. Is that meant?"
            return [
                Finding(
                    guard="leaks", verdict="warn", code=code, message=message, span=match.span()
                )
            ]
    return []


def _luhn(digits: str) -> bool:
    numbers = [int(char) for char in digits if char.isdigit()][::-1]
    total = sum(n if i % 2 == 0 else sum(divmod(n * 2, 10)) for i, n in enumerate(numbers))
    return len(numbers) >= 13 and len(set(numbers)) > 1 and total % 10 == 0


def _leftovers(text: str, assignment: Assignment, evidence: Evidence) -> list[Finding]:
    if match := _LEFTOVER.search(text):
        message = "This is a leftover of the writing, not part of the text."
        return [
            Finding(
                guard="leftovers",
                verdict="block",
                code="leftover",
                message=message,
                span=match.span(),
            )
        ]
    if len(HASHTAG.findall(text)) > 10:
        return [
            Finding(
                guard="leftovers", verdict="warn", code="many_tags", message="Too many hashtags."
            )
        ]
    return []


def _voice(text: str, assignment: Assignment, evidence: Evidence) -> list[Finding]:
    value = evidence.voice_score.value
    if value >= VOICE_WARNS_BELOW:
        return []
    blocks = value < VOICE_BLOCKS_BELOW
    reason = next((r.message for r in evidence.voice_score.reasons if r.direction == "hurts"), "")
    message = f"Voice score {value}: {'off voice' if blocks else 'off in places'}. {reason}".strip()
    return [
        Finding(
            guard="voice", verdict="block" if blocks else "warn", code="off_voice", message=message
        )
    ]


GUARDS: dict[str, Guard] = {
    "length": _length,
    "words": _words,
    "claims": _claims,
    "sources": _sources,
    "duplicate": _duplicate,
    "link": _link,
    "leaks": _leaks,
    "leftovers": _leftovers,
    "voice": _voice,
}
