"""From a handle to the server that holds the account: handle → DID → DID document → PDS."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from apps.integrations.http import GuardedClient, OutboundError

from ..base import ProviderError
from ..hosts import base_address

APP_VIEW = "https://public.api.bsky.app"
DIRECTORY = "https://plc.directory"
_HANDLE = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_DID = re.compile(r"did:(plc:[a-z2-7]{24}|web:[a-z0-9.-]+)")


def find_server(handle: str, client: GuardedClient) -> str:
    """The base address of the account's own PDS, "" where it cannot be found out.

    Every address on the way is typed by somebody else, hence the guarded client.
    """
    if not _HANDLE.fullmatch(handle):
        return ""  # an e-mail address, or a slip: the entry server will say
    did = _from_app_view(handle, client) or _from_well_known(handle, client)
    return server_of(_document(did, client)) if did else ""


def server_of(document: Any) -> str:
    """The `#atproto_pds` service of a DID document."""
    services = document.get("service") if isinstance(document, dict) else None
    for service in services if isinstance(services, list) else ():
        if isinstance(service, dict) and str(service.get("id", "")).endswith("#atproto_pds"):
            try:
                return base_address(str(service.get("serviceEndpoint", "")))
            except ProviderError:
                return ""
    return ""


def _from_app_view(handle: str, client: GuardedClient) -> str:
    found = _json(
        f"{APP_VIEW}/xrpc/com.atproto.identity.resolveHandle?handle={quote(handle)}", client
    )
    return _did(found.get("did"))


def _from_well_known(handle: str, client: GuardedClient) -> str:
    return _did(_get(f"https://{handle}/.well-known/atproto-did", client).strip())


def _document(did: str, client: GuardedClient) -> dict[str, Any]:
    if did.startswith("did:web:"):
        return _json(f"https://{did.removeprefix('did:web:')}/.well-known/did.json", client)
    return _json(f"{DIRECTORY}/{did}", client)


def _did(value: Any) -> str:
    return value if isinstance(value, str) and _DID.fullmatch(value) else ""


def _json(url: str, client: GuardedClient) -> dict[str, Any]:
    try:
        data = json.loads(_get(url, client) or "{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _get(url: str, client: GuardedClient) -> str:
    try:
        answer = client.get(url)
    except OutboundError:
        return ""
    return answer.text if answer.status_code == 200 else ""
