"""Meta's upload host: the rest of a file in one request, and it knows how much it has."""

from __future__ import annotations

from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.store import Store

KEPT = "upload"


class Uploads:
    """Files on their way, by the id that they were begun under."""

    def __init__(self, key: str, store: Store) -> None:
        self._key, self._store = key, store

    def received(self, id: str) -> bytes:
        blob = self._store.blob(self._key, f"{KEPT}:{id}")
        return blob[1] if blob else b""

    def take(self, request: Request, id: str) -> tuple[Response, bytes | None]:
        """Keep what came; the answer, and the file once it is whole."""
        have = self.received(id)
        try:
            offset = int(request.headers["offset"])
            size = int(request.headers["file_size"])
        except (KeyError, ValueError):
            return _refused("HeaderError", "offset and file_size are required"), None
        if offset != len(have):
            return _refused("OffsetInvalidError", f"Offset is {len(have)}, not {offset}"), None
        data = have + request.body
        if len(data) > size:
            return _refused("PartialRequestError", "More than file_size"), None
        self._store.put_blob(self._key, f"{KEPT}:{id}", "application/octet-stream", data)
        if len(data) < size:
            said = "Partial request (did not match length of file)"
            return _refused("PartialRequestError", said, retriable=True), None
        return json_response({"success": True, "message": "Upload successful."}), data


def _refused(kind: str, message: str, *, retriable: bool = False) -> Response:
    said = {"retriable": retriable, "type": kind, "message": message}
    return json_response({"debug_info": said}, 400)
