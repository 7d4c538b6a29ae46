"""API keys: ``candy_`` + 30 random base62 characters + a base62 CRC32 checksum.

The checksum lets a mistyped key be refused without a query; the database holds SHA-256 only.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib

from django.utils import timezone

from apps.errors import NotAuthenticated
from apps.workspaces.models import ApiKey

PREFIX = "candy_"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH = 30  # 178 bits
_CHECK_LENGTH = 6


def generate() -> str:
    """A new raw key."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return f"{PREFIX}{body}{_checksum(body)}"


def is_well_formed(raw_key: str) -> bool:
    body = raw_key.removeprefix(PREFIX)
    return (
        raw_key.startswith(PREFIX)
        and len(body) == _RANDOM_LENGTH + _CHECK_LENGTH
        and body[_RANDOM_LENGTH:] == _checksum(body[:_RANDOM_LENGTH])
    )


def digest(raw_key: str) -> str:
    return hashlib.sha256(raw_key.encode()).hexdigest()


def authenticate(*, raw_key: str) -> ApiKey:
    """The live key ``raw_key``, with its person loaded. Raises NotAuthenticated; never says why."""
    key_hash = digest_of(raw_key)
    return accept(ApiKey.objects.select_related("user").filter(key_hash=key_hash).first())


def digest_of(raw_key: str) -> str:
    """What the database knows of ``raw_key``. Raises NotAuthenticated for one that is mistyped."""
    if not is_well_formed(raw_key):
        raise _refused()
    return digest(raw_key)


def accept(key: ApiKey | None) -> ApiKey:
    """``key`` where a program may use it now, which is noted. Raises NotAuthenticated otherwise."""
    if key is None or not key.is_live:
        raise _refused()
    now = timezone.now()
    if key.last_used_at is None or (now - key.last_used_at).total_seconds() > 60:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _refused() -> NotAuthenticated:
    return NotAuthenticated("This API key is not valid.", code="invalid_api_key")


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(_CHECK_LENGTH):
        number, rest = divmod(number, 62)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))
