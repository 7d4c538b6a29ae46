"""Outbound HTTP. Nothing else in Candy opens a connection to an address from outside."""

from .addresses import forbidden
from .client import GuardedClient, allowed, guarded_client
from .errors import (
    AnswerLost,
    BadAnswer,
    BodyTooLarge,
    ConnectFailed,
    OutboundError,
    OutboundRefused,
)
from .exchange import HIDE, Exchange
from .rates import RateState, rate_state, retry_at, usage_state

__all__ = [
    "AnswerLost",
    "BadAnswer",
    "BodyTooLarge",
    "ConnectFailed",
    "HIDE",
    "Exchange",
    "GuardedClient",
    "OutboundError",
    "OutboundRefused",
    "RateState",
    "allowed",
    "forbidden",
    "guarded_client",
    "rate_state",
    "retry_at",
    "usage_state",
]
