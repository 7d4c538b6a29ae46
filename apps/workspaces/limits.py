"""What a workspace may use. A small protocol that ``billing`` fills; until then nothing is limited."""

from __future__ import annotations

from typing import Protocol

from apps.errors import LimitExceeded


class Limits(Protocol):
    def allowed(self, workspace_id: int, meter: str) -> int | None:
        """How much of ``meter`` the workspace may use; None where it is unlimited."""


class Unlimited:
    def allowed(self, workspace_id: int, meter: str) -> int | None:
        return None


_limits: Limits = Unlimited()


def use(limits: Limits) -> None:
    """Let ``limits`` decide from now on."""
    global _limits
    _limits = limits


def check(*, workspace_id: int, meter: str, used: int, adding: int = 1) -> None:
    """Raise LimitExceeded when ``used + adding`` is over what the workspace may use of ``meter``."""
    allowed = _limits.allowed(workspace_id, meter)
    if allowed is not None and used + adding > allowed:
        raise LimitExceeded(
            f"Your plan allows {allowed} of these.",
            code=f"limit_{meter}",
            params={"meter": meter, "allowed": allowed, "used": used},
        )
