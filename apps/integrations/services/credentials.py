"""The sealed credentials of a connection, and the note of a renewal that is under way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.integrations import vault
from apps.integrations.errors import ConnectionLost, ConnectionNotFound, VaultError
from apps.integrations.http import Answer
from apps.integrations.models import Connection, Secret

CREDENTIALS = "credentials"
RENEWAL = "renewal"


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewal that began and has not ended. `of` is a digest of the credentials it renews.

    `answers` are the network's, in case whoever asked has died since.
    """

    of: str
    begun_at: datetime
    answers: tuple[Answer, ...] = ()


def read(connection: Connection) -> dict[str, str]:
    """Raises ConnectionLost where there are none."""
    text = _read(connection.pk, CREDENTIALS)
    if text is None:
        raise ConnectionLost(f"{connection.handle} has to be connected again.")
    found: dict[str, str] = json.loads(text)
    return found


def exist(connection: Connection) -> bool:
    return Secret.objects.filter(connection=connection, field=CREDENTIALS).exists()


def write(connection: Connection, credentials: Mapping[str, str]) -> None:
    """New credentials; what was under way to renew the old ones does not count any more."""
    _write(connection.pk, CREDENTIALS, json.dumps(dict(credentials)))
    Secret.objects.filter(connection=connection, field=RENEWAL).delete()


def locked(connection_id: UUID) -> Connection:
    """The row, locked until the caller's transaction ends. Raises ConnectionNotFound."""
    row = Connection.objects.select_for_update().filter(pk=connection_id).first()
    if row is None:
        raise ConnectionNotFound("This connection does not exist.")
    return row


def digest(credentials: Mapping[str, str]) -> str:
    return sha256(json.dumps(dict(credentials), sort_keys=True).encode()).hexdigest()


def begin_renewal(connection: Connection, of: str) -> None:
    """Note, before the network is asked, that it is going to be."""
    _write(connection.pk, RENEWAL, _packed(Renewal(of, timezone.now())))


@transaction.atomic
def keep_answers(connection: Connection, of: str, answers: list[Answer]) -> None:
    """Store what the network said; durable when it returns, outside of a transaction."""
    sealed = vault.seal(
        connection_id=connection.pk,
        field=RENEWAL,
        plaintext=_packed(Renewal(of, timezone.now(), tuple(answers))),
    )
    Secret.objects.filter(connection=connection, field=RENEWAL).update(
        sealed=sealed, updated_at=timezone.now()
    )


def renewal(connection: Connection) -> Renewal | None:
    text = _read(connection.pk, RENEWAL)
    if text is None:
        return None
    found: dict[str, Any] = json.loads(text)
    return Renewal(
        found["of"],
        datetime.fromisoformat(found["begun_at"]),
        tuple(Answer(**one) for one in found["answers"]),
    )


def forget_renewal(connection: Connection) -> None:
    Secret.objects.filter(connection=connection, field=RENEWAL).delete()


def _packed(one: Renewal) -> str:
    answers = [answer.to_json() for answer in one.answers]
    return json.dumps({"of": one.of, "begun_at": one.begun_at.isoformat(), "answers": answers})


def _read(connection_id: UUID, field: str) -> str | None:
    for is_last in (False, True):
        secret = Secret.objects.filter(connection=connection_id, field=field).first()
        if secret is None:
            return None
        try:
            sealed = bytes(secret.sealed)
            return vault.unseal(connection_id=connection_id, field=field, sealed=sealed)
        except VaultError:
            # It may have been sealed anew since, and the old key forgotten: what is there now opens.
            if is_last:
                raise
    return None


@transaction.atomic
def _write(connection_id: UUID, field: str, text: str) -> None:
    sealed = vault.seal(connection_id=connection_id, field=field, plaintext=text)
    Secret.objects.update_or_create(
        connection_id=connection_id, field=field, defaults={"sealed": sealed}
    )
