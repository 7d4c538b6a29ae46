"""X's words for refusals, its ids and its times, for the simulator."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apps.integrations.sandbox.desk import PEOPLE
from apps.integrations.sandbox.kernel import Response, json_response

__all__ = ["PEOPLE", "Refused", "id_at", "invalid", "iso", "problem"]

EPOCH_MS = 1_288_834_974_657


class Refused(Exception):
    """X says no; `answer` is what it says."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    type: str = "about:blank",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Response:
    body = {"title": title, "detail": detail, "type": type, "status": status, **more}
    return json_response(body, status, headers)


def invalid(message: str, **parameters: list[str]) -> Refused:
    """A request that X does not understand."""
    return Refused(
        json_response(
            {
                "errors": [{"parameters": parameters, "message": message}],
                "title": "Invalid Request",
                "detail": "One or more parameters to your request was invalid.",
                "type": "https://api.x.com/2/problems/invalid-request",
            },
            400,
        )
    )


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def id_at(at: float) -> int:
    """The first id of that moment."""
    return (int(at * 1000) - EPOCH_MS) << 22
