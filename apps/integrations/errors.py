"""What can go wrong with connections and their secrets."""

from __future__ import annotations

from apps.errors import (
    Conflict,
    DomainError,
    Gone,
    NotFound,
    PermissionDenied,
    Unavailable,
    ValidationFailed,
)


class ConnectionNotFound(NotFound):
    code = "connection.not_found"


class ConnectionLost(Conflict):
    """The account's access is gone; a person has to connect it again."""

    code = "connection.lost"


class SignInInvalid(Gone):
    """The sign-in at the network was refused, is too old, was used before or is someone else's."""

    code = "connection.sign_in_invalid"


class SignInNotYours(PermissionDenied):
    code = "connection.sign_in_not_yours"


class VaultError(DomainError):
    """A secret cannot be read: wrong key, wrong place or changed bytes. Never says which."""

    code = "vault.unreadable"
    status = 500


class AppMissing(Conflict):
    """Signing in at this network needs an app there, and none has been set up."""

    code = "connection.app_missing"


class ConnectionInvalid(ValidationFailed):
    """What was sent does not connect this account here."""

    code = "connection.invalid"


class VaultBusy(Unavailable):
    """The service that keeps the master key cannot be asked now."""

    code = "vault.busy"
