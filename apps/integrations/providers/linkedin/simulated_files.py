"""LinkedIn's places for files: reserve, put (a video in parts), finish, and the state afterwards."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from apps.integrations.sandbox.kernel import Request, Response, json_response

from .simulated import Refused, empty

if TYPE_CHECKING:
    from .simulator import LinkedInSimulator

PART = 4 * 1024 * 1024
KEPT = 86_400  # seconds that an upload address is good
NAMES = {"images": "image", "videos": "video", "documents": "document"}
_LANGUAGE = re.compile(r"[A-Z]{2,3}")
_SUBRIP = re.compile(rb"1\r?\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}\r?\n")
LARGEST = {"images": 36_152_320, "videos": 524_288_000, "documents": 104_857_600}


class Files:
    def __init__(self, network: LinkedInSimulator) -> None:
        self.network = network
        self.store = network.store

    async def begin(self, request: Request) -> Response:
        kind = request.params["kind"]
        if kind not in NAMES:
            raise Refused(404, "NOT_FOUND", f"No virtual resource found for {kind}")
        if request.first("action") == "finalizeUpload" and kind == "videos":
            return await self._finish(request)
        if request.first("action") != "initializeUpload":
            raise Refused(400, "INVALID_VALUE_FOR_FIELD", "Unknown action")
        session = self.network.held(request, "w_")
        wish = request.json().get("initializeUploadRequest") or {}
        self.network.check_author(session, str(wish.get("owner")))
        size = int(wish.get("fileSizeBytes") or 0)
        if kind == "videos" and not 0 < size <= LARGEST[kind]:
            raise Refused(400, "INVALID_VALUE_FOR_FIELD", "fileSizeBytes is out of range")

        def accept() -> Response:
            return json_response({"value": self._reserved(kind, wish, size, request)})

        return await self.network.step("upload", session.login, accept)

    def _reserved(
        self, kind: str, wish: dict[str, Any], size: int, request: Request
    ) -> dict[str, Any]:
        id = f"C4E{self.network.next_number()}"
        urn = f"urn:li:{NAMES[kind]}:{id}"
        file: dict[str, Any] = {
            "id": id,
            "urn": urn,
            "kind": kind,
            "owner": str(wish["owner"]),
            "captions": "wanted" if wish.get("uploadCaptions") is True else "",
            "size": size,
            "parts": {},
            "status": "WAITING_UPLOAD",
            "ready_at": 0.0,
            "at": self.network.now(),
        }
        self.store.put("linkedin", "file", id, file)
        base, until = f"{request.base}/web/dms-uploads/{id}", int(self.network.now() + KEPT) * 1000
        if kind != "videos":
            return {"uploadUrlExpiresAt": until, "uploadUrl": f"{base}/0", NAMES[kind]: urn}
        steps = [
            {
                "uploadUrl": f"{base}/{number}",
                "firstByte": start,
                "lastByte": min(start + PART, size) - 1,
            }
            for number, start in enumerate(range(0, size, PART))
        ]
        video = {
            "uploadUrlsExpireAt": until,
            "video": urn,
            "uploadInstructions": steps,
            "uploadToken": "",
        }
        return video | ({"captionsUploadUrl": f"{base}/captions"} if file["captions"] else {})

    async def put(self, request: Request) -> Response:
        """Bytes. Pictures and documents come with the token, the parts of a video without."""
        file = self.store.get("linkedin", "file", request.params["id"])
        if file is None:
            raise Refused(404, "NOT_FOUND", "The upload is not known")
        if file["at"] + KEPT < self.network.now():
            raise Refused(400, "EXPIRED_UPLOAD_URL", "The upload url has expired")
        login = ""
        if file["kind"] == "videos":
            if request.headers.get("authorization"):
                raise Refused(400, "INVALID_VALUE_FOR_FIELD", "Authorization is not expected here")
        else:
            login = self.network.held(request, "w_").login
        number, data = int(request.params["part"]), request.body
        if not data or len(data) > (PART if file["kind"] == "videos" else LARGEST[file["kind"]]):
            raise Refused(400, "INVALID_VALUE_FOR_FIELD", "The body's size is out of range")

        def accept() -> Response:
            etag = sha256(data).hexdigest()[:24]
            id = f"{file['id']}-{number}" if file["kind"] == "videos" else file["id"]
            mime = "application/octet-stream" if file["kind"] == "videos" else _mime(data)
            self.store.put_blob("linkedin", id, mime, data)
            fresh = self.store.get("linkedin", "file", file["id"]) or file
            fresh["parts"][str(number)] = etag
            if file["kind"] != "videos":
                self._process(fresh, login)
            self.store.put("linkedin", "file", file["id"], fresh)
            return empty(200 if file["kind"] == "videos" else 201, {"etag": f'"{etag}"'})

        return await self.network.step("upload", login, accept)

    async def caption(self, request: Request) -> Response:
        """A video's captions: what they are, and a SubRip file, as a form."""
        login = self.network.held(request, "w_").login
        file = self.store.get("linkedin", "file", request.params["id"])
        if file is None or not file["captions"]:
            raise Refused(404, "NOT_FOUND", "The upload is not known")
        language, data = captions_of(request)

        def accept() -> Response:
            self.store.put_blob("linkedin", f"{file['id']}-captions", "application/x-subrip", data)
            fresh = self.store.get("linkedin", "file", file["id"]) or file
            self.store.put("linkedin", "file", file["id"], fresh | {"captions": language})
            return empty(201)

        return await self.network.step("captions", login, accept)

    def _process(self, file: dict[str, Any], login: str) -> None:
        scenario = self.network.scenario(login)
        slow = scenario.name == "slow_processing"
        file["status"] = "PROCESSING"
        file["ready_at"] = self.network.now() + (scenario.seconds if slow else 0)

    async def _finish(self, request: Request) -> Response:
        session = self.network.held(request, "w_")
        wish = request.json().get("finalizeUploadRequest") or {}
        id = str(wish.get("video")).rpartition(":")[2]
        file = self.store.get("linkedin", "file", id)
        if file is None:
            raise Refused(400, "INVALID_URN_ID", "The video is not known")
        count = -(-file["size"] // PART)
        wanted = [file["parts"].get(str(number)) for number in range(count)]
        if [str(one).strip('"') for one in wish.get("uploadedPartIds") or ()] != wanted:
            raise Refused(400, "INVALID_VALUE_FOR_FIELD", "uploadedPartIds do not match the parts")
        blobs = [self.store.blob("linkedin", f"{id}-{number}") for number in range(count)]
        data = b"".join(blob[1] for blob in blobs if blob)

        def accept() -> Response:
            self.store.put_blob("linkedin", id, "video/mp4", data)
            if file["captions"] != "wanted":  # without those it waits
                self._process(file, session.login)
            self.store.put("linkedin", "file", id, file)
            return empty(200)

        return await self.network.step("upload", session.login, accept)

    async def show(self, request: Request) -> Response:
        session = self.network.held(request, "w_")
        ends = session.at <= self.network.scenario(session.login).since
        if ends and self.network.is_on("expire_polling", session.login):
            raise Refused(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired")
        self.network.check_vetted(session, "GET")
        file = self.file(request.params["urn"])
        if file is None:
            raise Refused(404, "NOT_FOUND", "The asset is not known")
        if self.network.is_on("container_error", session.login):
            file["status"] = "PROCESSING_FAILED"
            self.store.put("linkedin", "file", file["id"], file)
        key = "downloadUrl"
        shown = {"id": file["urn"], "owner": file["owner"], "status": self.status(file)}
        if self.status(file) == "AVAILABLE":
            shown[key] = f"{request.base}/files/{file['id']}"
        return json_response(shown)

    def file(self, urn: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.store.get("linkedin", "file", urn.rpartition(":")[2])
        return found if found and found["urn"] == urn else None

    def status(self, file: dict[str, Any]) -> str:
        if file["status"] == "PROCESSING" and file["ready_at"] <= self.network.now():
            return "AVAILABLE"
        return str(file["status"])

    def check_usable(self, urn: str, owner: str) -> str:
        """The kind of a file that a post may show. Raises Refused."""
        file = self.file(urn)
        if file is None or file["owner"] != owner:
            raise Refused(400, "INVALID_URN_ID", f"{urn} is not valid")
        codes = {
            "WAITING_UPLOAD": "MEDIA_ASSET_WAITING_UPLOAD",
            "PROCESSING": "MEDIA_ASSET_PROCESSING",
            "PROCESSING_FAILED": "MEDIA_ASSET_PROCESSING_FAILED",
        }
        if code := codes.get(self.status(file)):
            raise Refused(400, code, f"The asset {urn} is not available: {code}")
        return str(file["kind"])

    async def serve(self, request: Request) -> Response:
        blob = self.store.blob("linkedin", request.params["id"])
        if blob is None:
            return empty(404)
        return Response(blob[1], 200, {"content-type": blob[0]})


def captions_of(request: Request) -> tuple[str, bytes]:
    """The language and the file of a captions form. Raises Refused."""
    fields, files = request.form()
    try:
        about = json.loads(dict(fields).get("metadata", ""))
        locale = about["locale"]["language"]
        fixed = (about["format"], about["source"], about["transcriptType"])
    except (KeyError, TypeError, ValueError):
        raise Refused(400, "INVALID_VALUE_FOR_FIELD", "The metadata are not valid") from None
    if fixed != ("SRT", "USER_PROVIDED", "CLOSED_CAPTION") or not _LANGUAGE.fullmatch(str(locale)):
        raise Refused(400, "INVALID_VALUE_FOR_FIELD", "The metadata are not valid")
    data = files["file"].data if "file" in files else b""
    if not _SUBRIP.match(data):
        raise Refused(400, "INVALID_VALUE_FOR_FIELD", "The file is not in the SRT format")
    return str(locale), data


def _mime(data: bytes) -> str:
    marks = {
        b"\xff\xd8": "image/jpeg",
        b"\x89PNG": "image/png",
        b"GIF8": "image/gif",
        b"%PDF": "application/pdf",
    }
    return next(
        (mime for mark, mime in marks.items() if data.startswith(mark)), "application/octet-stream"
    )
