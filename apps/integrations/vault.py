"""Secrets of a workspace, sealed with AES-256-GCM.

Each workspace has random data keys in its own schema, wrapped by the installation's master key. What
is sealed carries its key's version, and the associated data ties it to workspace, row, field and
version: a value that is copied elsewhere, or changed by a bit, does not open.

    blob = format (1 byte) | data key version (4 bytes) | nonce (12 bytes) | ciphertext and tag

The master key is 64 hexadecimal digits in CANDY_MASTER_KEY or in the file CANDY_MASTER_KEY_FILE. To
rotate it, put the new one first and keep the old one after it, run `rotate_master` in every
workspace, then drop the old one.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction

from apps.workspaces.tenancy import require_workspace

from .errors import VaultError
from .models import DataKey, Secret

_FORMAT = 1
_HEADER = struct.Struct(">BI")
_NONCE = 12


def seal(*, connection_id: UUID, field: str, plaintext: str) -> bytes:
    """Encrypt for the row `connection_id` and `field` of the current workspace."""
    key = _current_key()
    header = _HEADER.pack(_FORMAT, key.version)
    nonce = os.urandom(_NONCE)
    bound = _bound(key.version, connection_id, field)
    return header + nonce + AESGCM(_plain(key)).encrypt(nonce, plaintext.encode(), bound)


def unseal(*, connection_id: UUID, field: str, sealed: bytes) -> str:
    """The plain text again. Raises VaultError for anything that was not sealed for this place."""
    blob = bytes(sealed)
    if len(blob) < _HEADER.size + _NONCE + 16:
        raise VaultError("A stored secret cannot be read.")
    form, version = _HEADER.unpack_from(blob)
    key = DataKey.objects.filter(version=version).first()
    if form != _FORMAT or key is None:
        raise VaultError("A stored secret cannot be read.")
    nonce = blob[_HEADER.size : _HEADER.size + _NONCE]
    try:
        bound = _bound(version, connection_id, field)
        return AESGCM(_plain(key)).decrypt(nonce, blob[_HEADER.size + _NONCE :], bound).decode()
    except InvalidTag:
        raise VaultError("A stored secret cannot be read.") from None


def rotate_data_key() -> int:
    """Give the current workspace a new data key and seal every secret with it; how many there were.

    Each secret is locked while it changes, so a refresh at the same moment is not lost. Old keys
    stay for sign-ins that are on their way; they seal nothing any more.
    """
    with transaction.atomic():
        _new_key()
    done = 0
    for pk in list(Secret.objects.values_list("pk", flat=True)):
        with transaction.atomic():
            secret = Secret.objects.select_for_update().filter(pk=pk).first()
            if secret is None:
                continue
            place: dict[str, Any] = {"connection_id": secret.connection_id, "field": secret.field}
            secret.sealed = seal(**place, plaintext=unseal(**place, sealed=bytes(secret.sealed)))
            secret.save(update_fields=["sealed", "updated_at"])
            done += 1
    return done


def rotate_master() -> int:
    """Wrap the current workspace's data keys with the first master key; how many had another."""
    current_id, _ = _masters()[0]
    done = 0
    with transaction.atomic():
        for key in DataKey.objects.select_for_update().exclude(master_id=current_id):
            _wrap(key, _plain(key))
            key.save(update_fields=["master_id", "wrapped"])
            done += 1
    return done


def _current_key() -> DataKey:
    key = DataKey.objects.order_by("-version").first()
    if key is not None:
        return key
    try:
        with transaction.atomic():
            return _new_key()
    except IntegrityError:  # another process made the first key at the same moment
        return DataKey.objects.latest("version")


def _new_key() -> DataKey:
    newest = DataKey.objects.order_by("-version").values_list("version", flat=True).first() or 0
    key = DataKey(version=newest + 1)
    _wrap(key, os.urandom(32))
    key.save(force_insert=True)
    return key


def _wrap(key: DataKey, plain: bytes) -> None:
    master_id, master = _masters()[0]
    nonce = os.urandom(_NONCE)
    key.master_id = master_id
    key.wrapped = nonce + AESGCM(master).encrypt(nonce, plain, _key_bound(key))


def _plain(key: DataKey) -> bytes:
    for master_id, master in _masters():
        if master_id == key.master_id:
            blob = bytes(key.wrapped)
            try:
                return AESGCM(master).decrypt(blob[:_NONCE], blob[_NONCE:], _key_bound(key))
            except InvalidTag:
                break
    raise VaultError("A stored secret cannot be read: its key does not open.")


def _key_bound(key: DataKey) -> bytes:
    return f"candy/data-key/{require_workspace().pk}/{key.id}/{key.version}".encode()


def _bound(version: int, row: UUID, field: str) -> bytes:
    return f"candy/secret/{require_workspace().pk}/{version}/{row}/{field}".encode()


def _masters() -> list[tuple[str, bytes]]:
    """Master keys with their names, the one that wraps first."""
    return _parse(settings.CANDY_MASTER_KEY or _key_file(settings.CANDY_MASTER_KEY_FILE))


def _key_file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError as error:
        raise ImproperlyConfigured(
            f"Set CANDY_MASTER_KEY, or put 64 hexadecimal digits into {path}: {error.strerror}."
        ) from None


def _parse_keys(text: str) -> list[tuple[str, bytes]]:
    keys = []
    for word in text.replace(",", " ").split():
        try:
            key = bytes.fromhex(word)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise ImproperlyConfigured("A master key is 64 hexadecimal digits.")
        keys.append((sha256(b"candy/master/" + key).hexdigest()[:16], key))
    if not keys:
        raise ImproperlyConfigured("CANDY_MASTER_KEY is empty.")
    return keys


_parse: Callable[[str], list[tuple[str, bytes]]] = lru_cache(maxsize=4)(_parse_keys)
