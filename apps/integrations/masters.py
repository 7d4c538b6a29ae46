"""Who wraps the workspaces' data keys: master keys in a setting or file, or a key at AWS KMS.

With `CANDY_KMS_KEY` the master key never leaves KMS: data keys are wrapped and opened there, with the
workspace in the encryption context, and kept open in memory for minutes. Keys that local masters
wrapped before still open while these are set; `rotate_master_key` moves them over.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .errors import VaultBusy, VaultError

NONCE = 12


class Master(ABC):
    """One master key. `id` names it on what it wrapped, in at most 16 characters.

    `bound` ties what is wrapped to its place; unwrapping for another place fails. Raises VaultError
    for what does not open, VaultBusy where the key cannot be asked now.
    """

    id: str

    @abstractmethod
    def wrap(self, plain: bytes, bound: str) -> bytes: ...

    @abstractmethod
    def unwrap(self, wrapped: bytes, bound: str) -> bytes: ...


class LocalMaster(Master):
    """A key in this process: AES-256-GCM."""

    def __init__(self, key: bytes) -> None:
        self._key = AESGCM(key)
        self.id = sha256(b"candy/master/" + key).hexdigest()[:16]

    def wrap(self, plain: bytes, bound: str) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._key.encrypt(nonce, plain, bound.encode())

    def unwrap(self, wrapped: bytes, bound: str) -> bytes:
        try:
            return self._key.decrypt(wrapped[:NONCE], wrapped[NONCE:], bound.encode())
        except InvalidTag:
            raise VaultError("A stored secret cannot be read: its key does not open.") from None


class KmsMaster(Master):
    """A key at AWS KMS, or at what speaks its protocol. Credentials come as boto3 finds them."""

    def __init__(self, key: str, *, region: str, endpoint: str) -> None:
        self._key = key
        self.id = f"kms-{sha256(key.encode()).hexdigest()[:12]}"
        self._client: Any = boto3.client(
            "kms",
            region_name=region or None,
            endpoint_url=endpoint or None,
            config=Config(connect_timeout=3, read_timeout=5, retries={"max_attempts": 3}),
        )

    def wrap(self, plain: bytes, bound: str) -> bytes:
        answer = self._ask(
            "encrypt", KeyId=self._key, Plaintext=plain, EncryptionContext={"candy": bound}
        )
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, bound: str) -> bytes:
        answer = self._ask(
            "decrypt", KeyId=self._key, CiphertextBlob=wrapped, EncryptionContext={"candy": bound}
        )
        return bytes(answer["Plaintext"])

    def _ask(self, verb: str, **what: Any) -> dict[str, Any]:
        try:
            return getattr(self._client, verb)(**what)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in (
                "ThrottlingException",
                "KMSInternalException",
                "DependencyTimeoutException",
            ):
                raise VaultBusy("The key service does not answer now.") from None
            raise VaultError("A stored secret cannot be read: its key does not open.") from None
        except BotoCoreError:
            raise VaultBusy("The key service cannot be reached.") from None


def masters() -> list[Master]:
    """All that may open something, the one that wraps first."""
    local = _local(_local_keys())
    if not settings.CANDY_KMS_KEY:
        if not local:
            raise ImproperlyConfigured("CANDY_MASTER_KEY is empty.")
        return local
    kms = _kms(settings.CANDY_KMS_KEY, settings.CANDY_KMS_REGION, settings.CANDY_KMS_ENDPOINT)
    return [kms, *local]


def _local_keys() -> str:
    if settings.CANDY_MASTER_KEY:
        return str(settings.CANDY_MASTER_KEY)
    path = settings.CANDY_MASTER_KEY_FILE
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError as error:
        if settings.CANDY_KMS_KEY:
            return ""
        raise ImproperlyConfigured(
            f"Set CANDY_MASTER_KEY, or put 64 hexadecimal digits into {path}: {error.strerror}."
        ) from None


@lru_cache(maxsize=4)
def _local(text: str) -> list[Master]:
    found: list[Master] = []
    for word in text.replace(",", " ").split():
        try:
            key = bytes.fromhex(word)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise ImproperlyConfigured("A master key is 64 hexadecimal digits.")
        found.append(LocalMaster(key))
    return found


@lru_cache(maxsize=4)
def _kms(key: str, region: str, endpoint: str) -> Master:
    return KmsMaster(key, region=region, endpoint=endpoint)
