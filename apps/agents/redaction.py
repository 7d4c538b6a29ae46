"""Secrets taken out of what goes to a model and of what errors say."""

from __future__ import annotations

import regex

SECRETS: dict[str, regex.Pattern[str]] = {
    "an API key": regex.compile(
        r"\b(?:sk-[A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|AIza[\w-]{30,}|"
        r"xox[abpr]-[\w-]{10,}|whsec_\w{16,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,})"
    ),
    "a private key": regex.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.*?-----END [A-Z ]*PRIVATE KEY-----)?", regex.DOTALL
    ),
    "a password": regex.compile(r"(?i)\b(?:password|passwort|passwd|pwd)\s*[:=]\s*\S{4,}"),
}


def redact(text: str) -> str:
    for pattern in SECRETS.values():
        text = pattern.sub("[removed]", text)
    return text
