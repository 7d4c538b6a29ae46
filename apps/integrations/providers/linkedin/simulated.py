"""LinkedIn's words for refusals, its URNs, versions and people, for the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import regex

from apps.integrations.sandbox.desk import PEOPLE
from apps.integrations.sandbox.kernel import Request, Response, json_response

SERVICE_CODES = {
    "REVOKED_ACCESS_TOKEN": 65601,
    "EXPIRED_ACCESS_TOKEN": 65602,
    "INVALID_ACCESS_TOKEN": 65600,
    "EMPTY_ACCESS_TOKEN": 65604,
    "ACCESS_DENIED": 100,
    "TOO_MANY_REQUESTS": 101,
}
MONTHS_ALIVE = 12
RESERVED = set(r"|{}@[]()<>#\*_~")


class Refused(Exception):
    """LinkedIn says no; `answer` is what it says."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        body = {
            "message": message,
            "serviceErrorCode": SERVICE_CODES.get(code, 0),
            "code": code,
            "status": status,
        }
        self.answer = json_response(body, status, headers)


def number(text: str) -> int:
    """A number that always is the same for a text."""
    return int(sha256(text.encode()).hexdigest()[:8], 16)


def people(login: str) -> dict[str, str]:
    name = PEOPLE.get(login, login.replace("-", " ").title())
    first, _, last = name.partition(" ")
    return {"id": f"p{number(login):x}", "first": first, "last": last, "name": name}


def pages(login: str) -> list[dict[str, Any]]:
    """Each login has a page of its own, one where it may publish, and one where it may only read."""
    name = people(login)["name"]
    rows = (
        ("studio", "Studio", "ADMINISTRATOR"),
        ("journal", "Journal", "CONTENT_ADMINISTRATOR"),
        ("archive", "Archive", "ANALYST"),
    )
    return [
        {
            "id": number(f"{login}-{key}"),
            "vanityName": f"{login}-{key}",
            "localizedName": f"{name} {label}",
            "role": role,
        }
        for key, label, role in rows
    ]


def check_version(request: Request, now: float) -> None:
    """No version is applied by default; one lives for a year."""
    version = request.headers.get("linkedin-version", "")
    if not version:
        raise Refused(400, "VERSION_MISSING", "A version must be present. Please specify one.")
    year, month = (int(version[:4]), int(version[4:6])) if version.isdigit() else (0, 1)
    today = datetime.fromtimestamp(now, UTC)
    age = (today.year - year) * 12 + today.month - month
    if len(version) != 6 or not 0 <= age <= MONTHS_ALIVE:
        raise Refused(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active", {})
    if request.headers.get("x-restli-protocol-version") != "2.0.0":
        raise Refused(400, "INVALID_VALUE_FOR_FIELD", "X-Restli-Protocol-Version must be 2.0.0")


def read_little(commentary: str) -> str:
    """What LinkedIn shows: the text ends at the first sign that is neither escaped nor a template."""
    return "".join(_pieces(commentary))


_TEMPLATE = regex.compile(
    r"\{hashtag\|\\#\|((?:\\.|[^}\\])+)\}|@\[((?:\\.|[^\]\\])+)\]\((urn:li:\w+:[\w-]+)\)"
)


def _pieces(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _TEMPLATE.match(text, at)
        if found:
            yield f"#{_bare(found[1])}" if found[1] else _bare(found[2])
            at = found.end()
        elif text[at] == "\\" and at + 1 < len(text) and text[at + 1] in RESERVED:
            yield text[at + 1]
            at += 2
        elif text[at] in RESERVED:
            return
        else:
            yield text[at]
            at += 1


def _bare(text: str) -> str:
    return regex.sub(r"\\(.)", r"\1", text)


def empty(status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(b"", status, headers or {})
