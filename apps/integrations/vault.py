"""Secrets of a workspace, sealed with AES-256-GCM.

Each workspace has random data keys in its own schema, wrapped by the installation's master key (see
`masters`). What is sealed carries its key's version, and the associated data ties it to workspace,
row, field and version: a value that is copied elsewhere, or changed by a bit, does not open.

    blob = format (1 byte) | data key version (4 bytes) | nonce (12 bytes) | ciphertext and tag

Both kinds of keys rotate while everything runs. Data keys: the action `integrations.rotate_vault`
makes a new one, seals everything anew in batches, and forgets the old ones. Master keys: put the new
one first and keep the old one after it, run `manage.py rotate_master_key`, then drop the old one.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import IntegrityError, models, transaction
from django.db import connection as database

from apps.workspaces.tenancy import require_workspace

from .errors import VaultError
from .masters import masters
from .models import DataKey, NetworkApp, RegisteredApp, Secret, SignIn

_FORMAT = 1
_HEADER = struct.Struct(">BI")
_NONCE = 12
_OPEN_SECONDS = 300.0  # how long a data key stays open in memory
_OPEN_KEYS = 1000
_PATIENCE = 10.0  # seconds that retiring waits for whoever is storing what it sealed


@dataclass(frozen=True, slots=True)
class Column:
    """A column of sealed values, so that they follow a new data key. `place`: row and field of one."""

    model: type[models.Model]
    name: str
    place: Callable[[models.Model], tuple[UUID, str]]


_columns: list[Column] = [
    Column(Secret, "sealed", lambda row: (row.connection_id, row.field)),  # type: ignore[attr-defined]
    Column(NetworkApp, "sealed", lambda row: (row.pk, "app")),
    Column(RegisteredApp, "sealed", lambda row: (row.pk, "app")),
]


def register(column: Column) -> None:
    """Other apps seal too: let their values be sealed anew with the rest."""
    if all((one.model, one.name) != (column.model, column.name) for one in _columns):
        _columns.append(column)


def seal(*, connection_id: UUID, field: str, plaintext: str) -> bytes:
    """Encrypt for the row `connection_id` and `field` of the current workspace.

    Seal and store in one transaction: until it ends, no data key is retired.
    """
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_lock()])
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
    """Give the current workspace a new data key and seal everything with it; how many there were."""
    with transaction.atomic():
        _new_key()
    return sum(1 for _ in reseal())


def new_data_key() -> int:
    """Make the key that seals from now on; returns its version."""
    with transaction.atomic():
        return _new_key().version


def reseal() -> Iterator[int]:
    """Seal with the newest key what an older one sealed, row by row; yields how many are left.

    Each row is locked while it changes, so a refresh at the same moment is not lost. Stop anywhere
    and go on later.
    """
    current = _current_key().version
    old = [(column, pk) for column in _columns for pk in _sealed_before(column, current)]
    for number, (column, pk) in enumerate(old, start=1):
        with transaction.atomic():
            row = column.model._default_manager.select_for_update().filter(pk=pk).first()
            blob = bytes(getattr(row, column.name) or b"") if row is not None else b""
            if row is not None and blob and _version(blob) != current:
                connection_id, field = column.place(row)
                plain = unseal(connection_id=connection_id, field=field, sealed=blob)
                fresh = seal(connection_id=connection_id, field=field, plaintext=plain)
                setattr(row, column.name, fresh)
                row.save(update_fields=[column.name])
        yield len(old) - number


def retire() -> int:
    """Delete data keys that seal nothing any more; returns how many. What is gone opens nothing.

    Waits for transactions that have sealed something and not ended: what they bring may need an old
    key. None is deleted where that takes longer than seconds; the next rotation does it then.
    """
    with transaction.atomic():
        if not _all_have_stored():
            return 0
        used = {_version(blob) for column in _columns for blob in _blobs(column.model, column.name)}
        used |= {_version(blob) for blob in _blobs(SignIn, "sealed")}
        newest = _current_key().version
        gone = DataKey.objects.exclude(version__in={*used, newest}).filter(version__lt=newest)
        return gone.delete()[0]


def rotate_master() -> int:
    """Wrap the current workspace's data keys with the first master key; how many had another."""
    current = masters()[0].id
    done = 0
    with transaction.atomic():
        for key in DataKey.objects.select_for_update().exclude(master_id=current):
            _wrap(key, _plain(key))
            key.save(update_fields=["master_id", "wrapped"])
            done += 1
    return done


def _all_have_stored() -> bool:
    """Alone with the keys until the transaction ends, if that can be had in time.

    Tried again and again rather than waited for: a waiting lock would hold up whoever seals next.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_lock()])
            if cursor.fetchone()[0]:
                return True
        if time.monotonic() > end:
            return False
        time.sleep(0.05)


def _lock() -> int:
    seed = sha256(f"candy/vault/{require_workspace().pk}".encode()).digest()
    return int.from_bytes(seed[:8], "big", signed=True)


def _sealed_before(column: Column, version: int) -> list[object]:
    rows = column.model._default_manager.exclude(**{column.name: b""}).values_list(
        "pk", column.name
    )
    return [pk for pk, blob in rows.iterator() if blob and _version(bytes(blob)) != version]


def _blobs(model: type[models.Model], name: str) -> Iterator[bytes]:
    for blob in model._default_manager.values_list(name, flat=True).iterator():
        if blob:
            yield bytes(blob)


def _version(blob: bytes) -> int:
    return int(_HEADER.unpack_from(blob)[1])


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
    master = masters()[0]
    key.master_id = master.id
    key.wrapped = master.wrap(plain, _key_bound(key))


# Opened data keys by what wraps them, with the time until which they may be used.
_open: dict[tuple[str, bytes, str], tuple[float, bytes]] = {}


def _plain(key: DataKey) -> bytes:
    blob, bound = bytes(key.wrapped), _key_bound(key)
    for master in masters():
        if master.id == key.master_id:
            place = (master.id, blob, bound)
            until, plain = _open.get(place, (0.0, b""))
            if until < time.monotonic():
                plain = master.unwrap(blob, bound)
                if len(_open) >= _OPEN_KEYS:
                    _open.clear()
                _open[place] = (time.monotonic() + _OPEN_SECONDS, plain)
            return plain
    raise VaultError("A stored secret cannot be read: its key does not open.")


def _key_bound(key: DataKey) -> str:
    return f"candy/data-key/{require_workspace().pk}/{key.id}/{key.version}"


def _bound(version: int, row: UUID, field: str) -> bytes:
    return f"candy/secret/{require_workspace().pk}/{version}/{row}/{field}".encode()
