"""One call as it may be shown to a person: enough to understand it, nothing that opens a door."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

EXCERPT = 2_000
HIDDEN = "•••"
# An extension of a request: a secret that stands in its address, as in Telegram's and in webhooks'.
HIDE = "candy.hide"
_SECRET = re.compile(
    r"token|secret|password|passwd|authorization|api[-_]?key|jwt|cookie|^code$|signature|credential"
    r"|^upload[-_]?(id|url)$|^policy$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call and its answer, redacted. `status` is None when no answer came; `error` says why."""

    at: datetime
    method: str
    url: str
    status: int | None
    error: str
    elapsed_ms: int
    request: str
    response: str
    response_bytes: int
    headers: dict[str, str] = field(default_factory=dict)


def redact_url(url: str, hide: str = "") -> str:
    """The address without secrets in its query, and without `hide` anywhere."""
    if hide:
        url = url.replace(hide, HIDDEN)
    parts = urlsplit(url)
    query = urlencode(
        [(k, HIDDEN if _SECRET.search(k) else v) for k, v in parse_qsl(parts.query, True)],
        safe="•:/",
    )
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def redact_body(body: bytes, content_type: str) -> str:
    """A short, readable form of a body with secrets blanked; binary shows only its size."""
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return ""
    if kind.endswith("json") and len(body) <= 256_000:
        try:
            return json.dumps(_blank(json.loads(body)), ensure_ascii=False)[:EXCERPT]
        except ValueError:
            return f"{len(body):,} bytes of broken JSON"
    if kind == "application/x-www-form-urlencoded":
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        shown = [f"{k}={HIDDEN if _SECRET.search(k) else v}" for k, v in pairs]
        return "&".join(shown)[:EXCERPT]
    return f"{len(body):,} bytes of {kind or 'data'}"


def _blank(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: HIDDEN if _SECRET.search(str(k)) and not isinstance(v, dict | list) else _blank(v)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_blank(item) for item in value]
    return value
