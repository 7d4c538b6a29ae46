"""The one family of errors that people, clients and jobs get to see.

An error carries a stable ``code``, a sentence for a person, and where it applies the ``field`` that
was wrong. ``retryable`` is part of the class: it tells the orchestrator whether trying again can help.
"""

from __future__ import annotations

from typing import Any, ClassVar


class DomainError(Exception):
    """Something a person or a client can be told.

    ``retry_after`` is in seconds. ``params`` are details for machines and never hold secrets.
    """

    code: str = "error"
    status: ClassVar[int] = 400
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        retry_after: float | None = None,
        params: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after = retry_after
        self.params = params or {}
        if code is not None:
            self.code = code


class NotFound(DomainError):
    code = "not_found"
    status = 404


class PermissionDenied(DomainError):
    code = "permission_denied"
    status = 403


class NotAuthenticated(DomainError):
    code = "not_authenticated"
    status = 401


class ValidationFailed(DomainError):
    code = "invalid"
    status = 422


class Conflict(DomainError):
    code = "conflict"
    status = 409


class Gone(DomainError):
    code = "gone"
    status = 410


class LimitExceeded(DomainError):
    code = "limit_exceeded"
    status = 429
    retryable = True


class Unavailable(DomainError):
    code = "unavailable"
    status = 503
    retryable = True
