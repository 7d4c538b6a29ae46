"""What the crawler asks of an HTTP client, and the guarded client dressed up as that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from apps.errors import DomainError


@dataclass(frozen=True)
class Fetched:
    """An answer of any status. `url` is where redirects ended; header names are lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def mime(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().casefold()

    @property
    def charset(self) -> str | None:
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().casefold() == "charset":
                return value.strip().strip("\"'") or None
        return None


class FetchFailed(Exception):
    """No answer. `code` is stable; `retryable` says whether a later try can help."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable


Fetch = Callable[[str], Fetched]


class Client(Protocol):
    """The one method the crawler uses of a guarded client."""

    def get(self, url: str) -> Any: ...


def fetcher(client: Client) -> Fetch:
    """Turn a guarded client into a `Fetch`; its refusals keep their code and message."""

    def fetch(url: str) -> Fetched:
        try:
            response = client.get(url)
        except DomainError as error:
            raise FetchFailed(error.code, error.message, retryable=error.retryable) from error
        headers = {name.casefold(): value for name, value in response.headers.items()}
        return Fetched(str(response.url), response.status_code, headers, response.content)

    return fetch
