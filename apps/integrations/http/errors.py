"""What a call to the outside can end in, sorted by the one question that matters: was it sent?"""

from __future__ import annotations

from apps.errors import DomainError


class OutboundError(DomainError):
    """A call that brought no usable answer."""

    code = "outbound.failed"
    status = 502
    retryable = True


class OutboundRefused(OutboundError):
    """We would not make this call: forbidden address, scheme, port, spelling or redirect."""

    code = "outbound.refused"
    status = 422
    retryable = False


class ConnectFailed(OutboundError):
    """No request left this machine: name not found, refused, TLS failed, no time left.

    `is_lasting` where the next try would end the same: no such name, a certificate of another.
    """

    code = "outbound.unreachable"

    def __init__(self, message: str, *, is_lasting: bool = False) -> None:
        super().__init__(message)
        self.is_lasting = is_lasting


class AnswerLost(OutboundError):
    """The request may have arrived; no complete answer came back."""

    code = "outbound.answer_lost"


class BodyTooLarge(OutboundError):
    """The answer, as sent or as decompressed, is over the caller's cap."""

    code = "outbound.body_too_large"
    retryable = False


class BadAnswer(OutboundError):
    """The answer breaks HTTP, carries oversized headers or an encoding we did not ask for."""

    code = "outbound.bad_answer"
    retryable = False
