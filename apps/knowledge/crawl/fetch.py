"""What the crawler asks of an HTTP client, and the guarded client dressed up as that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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
    """No answer. `code` is stable (`timeout`, `unreachable`, `refused`, `too_large`, …)."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable


Fetch = Callable[[str], Fetched]


def fetcher(client: Any) -> Fetch:
    """Turn a guarded client (an `httpx.Client`) into a `Fetch`.

    The client's own refusals are `DomainError`s and keep their code and message. What httpx raises
    itself becomes `timeout` or `unreachable`.
    """

    def fetch(url: str) -> Fetched:
        try:
            response = client.get(url)
        except DomainError as error:
            raise FetchFailed(error.code, error.message, retryable=error.retryable) from error
        except Exception as error:
            if not _is_transport_error(error):
                raise
            if "Timeout" in type(error).__name__:
                message = "The website took too long to answer."
                raise FetchFailed("timeout", message, retryable=True) from error
            message = "The website could not be reached."
            raise FetchFailed("unreachable", message, retryable=True) from error
        headers = {name.casefold(): value for name, value in response.headers.items()}
        return Fetched(str(response.url), response.status_code, headers, response.content)

    return fetch


def _is_transport_error(error: Exception) -> bool:
    """True for httpx's own errors, told by module: importing httpx is the guarded client's right."""
    return any(kind.__module__.startswith(("httpx", "httpcore")) for kind in type(error).__mro__)
