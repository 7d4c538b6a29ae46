"""Calling a network that speaks JSON with a bearer token. Every failure is a ProviderError."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from apps.integrations.http import SAFE, GuardedClient, OutboundError

from .errors import ErrorKind, ProviderError, from_outbound, from_server_fault

# The slowest line we wait for; a large upload gets the time that it takes there.
_SLOWEST = 250_000  # bytes a second
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """`data` is the decoded body, None where there is none or it is no JSON."""

    status: int
    data: Any
    headers: Mapping[str, str]

    @property
    def object(self) -> dict[str, Any]:
        return self.data if isinstance(self.data, dict) else {}


class JsonApi(ABC):
    """One account at one network. Subclasses say what a refusal means."""

    network: ClassVar[str]

    def __init__(self, client: GuardedClient, token: str = "") -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    @abstractmethod
    def refusal(self, answer: Answer) -> ProviderError:
        """The error for an answer that is neither a success nor a server's fault."""

    def call(
        self,
        method: str,
        url: str,
        *,
        mutating: bool = False,
        reading: bool = False,
        also: tuple[int, ...] = (),
        headers: Mapping[str, str] | None = None,
        signed: bool = True,
        size: int = 0,
        **kwargs: Any,
    ) -> Answer:
        """The answer where it is 2xx or in `also`.

        `mutating` calls follow no redirect, and a silence, a 5xx or a success that says nothing
        readable is AMBIGUOUS. `reading` marks a POST that changes nothing: it may be sent again like
        a GET. `size` bytes of body stretch the time for the call.
        """
        if reading:
            kwargs["extensions"] = {**kwargs.get("extensions", {}), SAFE: True}
        if size:
            kwargs["timeout"] = _PATIENCE + size / _SLOWEST
        try:
            reply = self._client.request(
                method,
                url,
                headers={**(self._headers if signed else {}), **(headers or {})},
                follow_redirects=not (mutating or also),
                **kwargs,
            )
        except OutboundError as error:
            raise from_outbound(error, mutating=mutating, network=self.network) from error
        answer = Answer(reply.status_code, _decoded(reply.content), reply.headers)
        if answer.status in also:
            return answer
        if answer.status >= 500:
            raise from_server_fault(answer.status, mutating=mutating, network=self.network)
        if not 200 <= answer.status < 300:
            raise self.refusal(answer)
        return answer

    def unreadable(self, *, mutating: bool) -> ProviderError:
        """For a success that does not say what a success has to say."""
        kind = ErrorKind.AMBIGUOUS if mutating else ErrorKind.TRANSIENT_SAFE
        return ProviderError(kind, f"{self.network} gave an answer that we cannot read.")


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None
