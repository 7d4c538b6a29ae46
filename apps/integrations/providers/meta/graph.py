"""Calls to a Graph host with one account's token."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.integrations.http import GuardedClient, OutboundError

from ..base import ErrorKind, MediaItem, ProviderError
from ..errors import from_outbound
from .errors import GraphError, Table, from_answer
from .usage import Usage, read_usage

PIECE = 4 * 1024 * 1024
# Meta's upload host takes the rest of a file in one request; it continues where it was cut off.
UPLOAD_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one network words its refusals."""

    network: str
    table: Table


class GraphApi:
    """`base` is host and version. `usage` is what the newest answer told of the allowance."""

    def __init__(self, base: str, token: str, client: GuardedClient, dialect: Dialect) -> None:
        self._base = base
        self._token = token
        self._client = client
        self._dialect = dialect
        self.usage = Usage()

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._call("GET", path, params=_fields(params))

    def post(
        self,
        path: str,
        fields: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, Any] | None = None,
        mutating: bool = False,
        seconds: float | None = None,
    ) -> dict[str, Any]:
        """`mutating` marks the call that may make something public: see `from_outbound`.

        `seconds` is the call's own time where a file travels with it.
        """
        more: dict[str, Any] = {"timeout": seconds} if seconds else {}
        if files:
            more["files"] = dict(files)
        return self._call("POST", path, data=_fields(fields or {}), mutating=mutating, **more)

    def every(self, path: str, *, pages: int = 1, **params: Any) -> Iterator[dict[str, Any]]:
        """The rows of a list, newest first as Graph gives them, over so many pages."""
        after: str | None = None
        for _ in range(pages):
            answer = self.get(path, **params, after=after)
            yield from rows(answer)
            paging = answer.get("paging") or {}
            after = (paging.get("cursors") or {}).get("after") if paging.get("next") else None
            if not after:
                return

    def send_file(self, url: str, item: MediaItem, offset: int = 0) -> None:
        """Send a file from `offset` to Meta's upload host. Not mutating: nothing is public yet."""
        headers = {
            "Authorization": f"OAuth {self._token}",
            "offset": str(offset),
            "file_size": str(item.size),
            "Content-Type": "application/octet-stream",
            "Content-Length": str(item.size - offset),
        }
        answer = self._send(
            "POST", url, headers=headers, content=_rest(item, offset), timeout=UPLOAD_SECONDS
        )
        if answer.get("success") is not True:
            raise ProviderError(
                ErrorKind.TRANSIENT_SAFE, f"{self._dialect.network} did not take the whole file."
            )

    def _call(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        if self.usage.full:
            raise ProviderError(
                ErrorKind.RATE_LIMITED,
                f"{self._dialect.network}: the allowance of calls is used up.",
                retry_at=self.usage.retry_at(),
            )
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return self._send(method, f"{self._base}/{path}", headers=headers, **kwargs)

    def _send(
        self, method: str, url: str, *, mutating: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        network = self._dialect.network
        try:
            answer = self._client.request(method, url, follow_redirects=False, **kwargs)
        except OutboundError as error:
            raise from_outbound(error, mutating=mutating, network=network) from error
        self.usage = read_usage(answer.headers)
        if not 200 <= answer.status_code < 300:
            raise from_answer(
                answer.status_code,
                answer.content,
                answer.headers,
                mutating=mutating,
                network=network,
                table=self._dialect.table,
            )
        try:
            data = json.loads(answer.content)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            kind = ErrorKind.AMBIGUOUS if mutating else ErrorKind.TRANSIENT_SAFE
            raise ProviderError(kind, f"The answer is not {network}'s.")
        return data


def wanted(answer: Mapping[str, Any], name: str, *, mutating: bool = False) -> str:
    """A field that has to be there."""
    value = answer.get(name)
    if not value:
        kind = ErrorKind.AMBIGUOUS if mutating else ErrorKind.TRANSIENT_SAFE
        raise ProviderError(kind, f"The answer has no “{name}”.")
    return str(value)


def rows(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = answer.get("data")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def instant(value: Any) -> datetime | None:
    """Graph's `2026-08-30T14:03:11+0000`."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def is_gone(error: ProviderError) -> bool:
    return isinstance(error, GraphError) and error.gone


def _fields(values: Mapping[str, Any]) -> dict[str, str]:
    """As Graph's forms want them: nothing empty, `true`, lists and objects as JSON."""
    out: dict[str, str] = {}
    for name, value in values.items():
        if value is None or value == "":
            continue
        if isinstance(value, bool):
            out[name] = "true" if value else "false"
        elif isinstance(value, dict | list | tuple):
            out[name] = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        else:
            out[name] = str(value)
    return out


def _rest(item: MediaItem, offset: int) -> bytes | Iterator[bytes]:
    """The file from `offset`, in pieces where it can be read so."""
    if item.ranged is None:
        return item.read()[offset:]
    return (item.part(at, min(PIECE, item.size - at)) for at in range(offset, item.size, PIECE))
