"""The audit trail: who changed what, from where."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from apps.workspaces import origin
from apps.workspaces.models import AuditEntry

if TYPE_CHECKING:
    from apps.workspaces.types import Actor

_LOCK = 0x_CA_0D  # advisory lock class of the audit chains
_HASHED = (
    "workspace_id",
    "sequence",
    "at",
    "actor_kind",
    "actor_user_id",
    "actor_key_id",
    "actor_label",
    "action",
    "object_type",
    "object_id",
    "object_label",
    "change",
    "address",
    "request_id",
    "previous_hash",
)


def record(
    *,
    actor: Actor,
    action: str,
    subject: tuple[str, str],
    label: str = "",
    change: dict[str, Any] | None = None,
) -> AuditEntry:
    """Keep that ``actor`` did ``action`` to ``subject`` (type, id), in the change's own transaction.

    ``change`` is ``{field: [old, new]}`` or plain facts; never a secret. Takes the chain's advisory
    lock until the transaction ends, so call it last.
    """
    return _append(
        workspace_id=actor.workspace_id,
        actor_kind=actor.kind,
        actor_user_id=actor.user_id,
        actor_key_id=actor.key_id,
        actor_label=actor.label,
        action=action,
        subject=subject,
        label=label,
        change=change,
    )


def record_person(*, user: Any, action: str, change: dict[str, Any] | None = None) -> AuditEntry:
    """Keep what a person did to their own account. Part of the installation's chain."""
    return _append(
        workspace_id=None,
        actor_kind="person",
        actor_user_id=user.pk,
        actor_key_id=None,
        actor_label=str(user),
        action=action,
        subject=("person", str(user.pk)),
        label=user.email,
        change=change,
    )


def record_system(
    *, action: str, subject: tuple[str, str], label: str = "", change: dict[str, Any] | None = None
) -> AuditEntry:
    """Keep what the installation did by itself, such as a purge. Part of the installation's chain."""
    return _append(
        workspace_id=None,
        actor_kind="system",
        actor_user_id=None,
        actor_key_id=None,
        actor_label="Candy",
        action=action,
        subject=subject,
        label=label,
        change=change,
    )


def verify(*, workspace_id: int | None) -> int | None:
    """Sequence number of the first entry that does not fit its chain; None when all do."""
    expected_previous, expected_sequence = "", 1
    for entry in (
        AuditEntry.objects.filter(Q(workspace_id=workspace_id)).order_by("sequence").iterator()
    ):
        if (
            entry.sequence != expected_sequence
            or entry.previous_hash != expected_previous
            or entry.hash != _digest(entry)
        ):
            return entry.sequence
        expected_previous, expected_sequence = entry.hash, entry.sequence + 1
    return None


def _append(
    *,
    workspace_id: int | None,
    subject: tuple[str, str],
    label: str,
    change: dict[str, Any] | None,
    **fields: Any,
) -> AuditEntry:
    shown = origin.current.get()
    with transaction.atomic():
        with connection.cursor() as cursor:  # one writer for each chain
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, workspace_id or 0])
        last = (
            AuditEntry.objects.filter(Q(workspace_id=workspace_id))
            .order_by("-sequence")
            .only("sequence", "hash")
            .first()
        )
        entry = AuditEntry(
            workspace_id=workspace_id,
            sequence=last.sequence + 1 if last else 1,
            at=timezone.now(),
            object_type=subject[0],
            object_id=subject[1],
            object_label=label[:254],
            change=_plain(change or {}),
            address=shown.address,
            request_id=shown.request_id,
            previous_hash=last.hash if last else "",
            **fields,
        )
        entry.hash = _digest(entry)
        entry.save(force_insert=True)
    return entry


def _digest(entry: AuditEntry) -> str:
    values = {name: getattr(entry, name) for name in _HASHED}
    values["at"] = entry.at.isoformat(timespec="microseconds")
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(change: dict[str, Any]) -> dict[str, Any]:
    """As it will come back from the database, so that the digest is the same then."""
    plain: dict[str, Any] = json.loads(json.dumps(change, cls=DjangoJSONEncoder))
    return plain
