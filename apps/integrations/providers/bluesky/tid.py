"""Record keys of the AT Protocol: 13 characters that sort by time."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"


def new_tid() -> str:
    """53 bits of microseconds and 10 random bits, in base32-sortable."""
    number = (time.time_ns() // 1000) << 10 | secrets.randbelow(1024)
    letters = []
    for _ in range(13):
        letters.append(_ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(letters))
