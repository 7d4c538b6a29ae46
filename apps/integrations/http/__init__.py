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
from .journal import Answer, Journal
from .rates import RateState, rate_state, retry_at, usage_state
from .retrying import SAFE

__all__ = [
    "Answer",
    "AnswerLost",
    "BadAnswer",
    "BodyTooLarge",
    "ConnectFailed",
    "HIDE",
    "Exchange",
    "GuardedClient",
    "Journal",
    "OutboundError",
    "OutboundRefused",
    "RateState",
    "SAFE",
    "allowed",
    "forbidden",
    "guarded_client",
    "rate_state",
    "retry_at",
    "usage_state",
]
