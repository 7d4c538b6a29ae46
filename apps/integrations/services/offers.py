"""Accounts to pick from: a consent at some networks speaks for several pages or organisations.

What the network gave is kept sealed in the sign-in, for its person alone, for ten minutes; picking
uses it up.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.errors import ValidationFailed
from apps.integrations import permissions, vault
from apps.integrations.errors import SignInInvalid
from apps.integrations.models import Connection, SignIn
from apps.integrations.providers.base import Account, Connected, Grant, NotGranted
from apps.workspaces.types import Actor

from . import connections

LIFETIME = timedelta(minutes=10)
_FIELD = "offer"


@dataclass(frozen=True, slots=True)
class Choice:
    """One account on offer; `number` names it in `pick`. `is_connected`: it is here already."""

    number: int
    account: Account
    is_connected: bool


@dataclass(frozen=True, slots=True)
class Offer:
    sign_in: SignIn
    choices: tuple[Choice, ...]
    refused: tuple[NotGranted, ...]


@transaction.atomic
def make(*, sign_in: SignIn, grant: Grant, app_id: str) -> None:
    """Seal what the network gave into the sign-in, until its person has picked."""
    content = {
        "app_id": app_id,
        "accounts": [_packed(one) for one in grant.accounts],
        "refused": [[one.name, one.reason] for one in grant.refused],
    }
    sign_in.sealed = vault.seal(
        connection_id=sign_in.pk, field=_FIELD, plaintext=json.dumps(content)
    )
    sign_in.offered_at = timezone.now()
    sign_in.save(update_fields=["sealed", "offered_at"])


def read(*, actor: Actor, sign_in_id: UUID) -> Offer:
    """What there is to pick from. Raises SignInInvalid where it is old, used or somebody else's."""
    actor.require(permissions.MANAGE)
    sign_in = _open(actor).filter(pk=sign_in_id).first()
    if sign_in is None:
        raise _gone()
    content = _content(sign_in)
    here = {
        (one.host, one.remote_id)
        for one in Connection.objects.filter(provider=sign_in.provider).exclude(
            state=Connection.State.DISCONNECTED
        )
    }
    accounts = [_account(one) for one in content["accounts"]]
    return Offer(
        sign_in,
        tuple(
            Choice(number, account, (account.host, account.remote_id) in here)
            for number, account in enumerate(accounts)
        ),
        tuple(NotGranted(name, reason) for name, reason in content["refused"]),
    )


def pick(*, actor: Actor, sign_in_id: UUID, numbers: Collection[int]) -> list[Connection]:
    """Connect the accounts of these numbers, all or none, and forget the others.

    Events connection.created or .restored for each. Raises SignInInvalid, ValidationFailed.
    """
    actor.require(permissions.MANAGE)
    if not numbers:
        raise ValidationFailed("Choose at least one account.", field="accounts")
    with transaction.atomic():
        sign_in = _open(actor).select_for_update().filter(pk=sign_in_id).first()
        if sign_in is None:
            raise _gone()
        content = _content(sign_in)
        if not all(0 <= number < len(content["accounts"]) for number in numbers):
            raise ValidationFailed("This account is not on offer.", field="accounts")
        stored = [
            connections.store(
                actor=actor,
                provider=sign_in.provider,
                connected=_unpacked(content["accounts"][number]),
                app_id=content["app_id"],
            )
            for number in sorted(set(numbers))
        ]
        sign_in.picked_at, sign_in.sealed = timezone.now(), b""
        sign_in.save(update_fields=["picked_at", "sealed"])
    return stored


def clear() -> None:
    """Forget tokens that nobody picked, and sign-ins of yesterday."""
    now = timezone.now()
    SignIn.objects.filter(offered_at__lt=now - LIFETIME, picked_at=None).exclude(sealed=b"").update(
        sealed=b""
    )
    SignIn.objects.filter(created_at__lt=now - timedelta(days=1)).delete()


def _open(actor: Actor) -> Any:
    return SignIn.objects.filter(
        user_id=actor.user_id or 0,
        offered_at__gt=timezone.now() - LIFETIME,
        picked_at=None,
    )


def _gone() -> SignInInvalid:
    return SignInInvalid("This choice was made before or is too old. Sign in again.")


def _content(sign_in: SignIn) -> dict[str, Any]:
    text = vault.unseal(connection_id=sign_in.pk, field=_FIELD, sealed=bytes(sign_in.sealed))
    found: dict[str, Any] = json.loads(text)
    return found


def _packed(one: Connected) -> dict[str, Any]:
    return {
        "account": asdict(one.account) | {"limits": dict(one.account.limits)},
        "credentials": one.credentials,
        "scopes": list(one.scopes),
        "expires_at": one.expires_at.isoformat() if one.expires_at else None,
    }


def _account(packed: dict[str, Any]) -> Account:
    return Account(**packed["account"])


def _unpacked(packed: dict[str, Any]) -> Connected:
    ends = packed["expires_at"]
    return Connected(
        _account(packed),
        packed["credentials"],
        tuple(packed["scopes"]),
        datetime.fromisoformat(ends) if ends else None,
    )
