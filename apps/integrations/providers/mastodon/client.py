"""The calls of Mastodon's API that Candy uses. Every failure leaves as a ProviderError."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from apps.integrations.http import GuardedClient, OutboundError

from ..base import ErrorKind, ProviderError
from ..errors import from_outbound
from ..files import length_of
from .errors import NETWORK, from_answer

SCOPES = "profile read:accounts read:statuses write:statuses write:media"


# Seconds for a call, and the slowest line that a file may come by, in bytes a second.
_PATIENCE, _SLOWEST = 20.0, 250_000


class MastodonApi:
    """One server, and one account on it when a token is given."""

    def __init__(self, base: str, client: GuardedClient, token: str = "") -> None:
        self._base = base
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def _call(
        self,
        method: str,
        path: str,
        *,
        mutating: bool = False,
        headers: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> tuple[int, Any]:
        """Status and decoded body of a 2xx answer.

        `mutating` calls follow no redirect, and an answer that cannot be read is AMBIGUOUS.
        """
        try:
            answer = self._client.request(
                method,
                self._base + path,
                headers={**self._headers, **(headers or {})},
                follow_redirects=not mutating,
                **kwargs,
            )
        except OutboundError as error:
            raise from_outbound(error, mutating=mutating, network=NETWORK) from error
        if not 200 <= answer.status_code < 300:
            raise from_answer(answer.status_code, answer.content, answer.headers, mutating=mutating)
        try:
            return answer.status_code, json.loads(answer.content or b"null")
        except ValueError:
            kind = ErrorKind.AMBIGUOUS if mutating else ErrorKind.TRANSIENT_SAFE
            raise ProviderError(kind, "The server's answer is not Mastodon's.") from None

    def create_app(self, redirect_uri: str) -> dict[str, Any]:
        fields = {"client_name": "Candy", "redirect_uris": redirect_uri, "scopes": SCOPES}
        return self._object("POST", "/api/v1/apps", data=fields)

    def token(self, fields: Mapping[str, str]) -> dict[str, Any]:
        return self._object("POST", "/oauth/token", data=dict(fields))

    def verify_credentials(self) -> dict[str, Any]:
        return self._object("GET", "/api/v1/accounts/verify_credentials")

    def app(self) -> dict[str, Any]:
        """The app that the token belongs to; servers from 4.3 on tell its `scopes`."""
        return self._object("GET", "/api/v1/apps/verify_credentials")

    def instance(self) -> dict[str, Any]:
        return self._object("GET", "/api/v2/instance")

    def upload(
        self,
        file: IO[bytes],
        mime: str,
        description: str,
        *,
        focus: str = "",
        thumbnail: tuple[IO[bytes], str] | None = None,
    ) -> tuple[str, bool]:
        """Media id, and whether it is ready to be attached. `focus` is "x,y", each from -1 to 1.

        Not `mutating`: a file that arrived twice is shown nowhere and the server removes it.
        """
        files = {"file": (_file_name(mime), file, mime)}
        if thumbnail is not None:
            files["thumbnail"] = (_file_name(thumbnail[1]), *thumbnail)
        fields = {"description": description, "focus": focus}
        status, media = self._call(
            "POST",
            "/api/v2/media",
            files=files,
            data={k: v for k, v in fields.items() if v},
            timeout=_PATIENCE + length_of(file) / _SLOWEST,
        )
        return str(_wanted(media, "id")), status == 200

    def media_ready(self, media_id: str) -> bool:
        status, _ = self._call("GET", f"/api/v1/media/{media_id}")
        return status == 200

    def create_status(self, fields: list[tuple[str, str]], *, key: str) -> dict[str, Any]:
        """`fields` may repeat a name. The server remembers `key` for an hour."""
        form: dict[str, str | list[str]] = {}
        for name, value in fields:
            if name.endswith("[]"):
                values = form.setdefault(name, [])
                assert isinstance(values, list)
                values.append(value)
            else:
                form[name] = value
        headers = {"Idempotency-Key": key}
        _, status = self._call(
            "POST", "/api/v1/statuses", mutating=True, headers=headers, data=form
        )
        if not isinstance(status, dict) or "id" not in status:
            raise ProviderError(ErrorKind.AMBIGUOUS, "Mastodon's answer names no post.")
        return status

    def account_statuses(self, account_id: str, limit: int = 40) -> list[dict[str, Any]]:
        query = {"limit": limit, "exclude_reblogs": "true"}
        _, found = self._call("GET", f"/api/v1/accounts/{account_id}/statuses", params=query)
        return [s for s in found if isinstance(s, dict)] if isinstance(found, list) else []

    def statuses(self, ids: list[str]) -> list[dict[str, Any]]:
        """Up to 20 at once; servers before 4.3 answer 404, see `status`."""
        _, found = self._call("GET", "/api/v1/statuses", params={"id[]": ids})
        return [s for s in found if isinstance(s, dict)] if isinstance(found, list) else []

    def status(self, status_id: str) -> dict[str, Any]:
        return self._object("GET", f"/api/v1/statuses/{status_id}")

    def _object(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        _, data = self._call(method, path, **kwargs)
        if not isinstance(data, dict):
            raise ProviderError(ErrorKind.TRANSIENT_SAFE, "The server's answer is not Mastodon's.")
        return data


def _wanted(data: Any, name: str) -> Any:
    if not isinstance(data, dict) or name not in data:
        raise ProviderError(ErrorKind.TRANSIENT_SAFE, "The server's answer is not Mastodon's.")
    return data[name]


def _file_name(mime: str) -> str:
    kind, _, ending = mime.partition("/")
    return f"{kind}.{ending}"
