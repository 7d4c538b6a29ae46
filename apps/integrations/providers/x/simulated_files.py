"""X's files: pictures in one call, GIF and video in segments that are processed afterwards."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from apps.integrations.sandbox.kernel import Request, Response, json_response

from .simulated import Refused, invalid, problem

if TYPE_CHECKING:
    from .simulator import XSimulator

PICTURES = ("image/jpeg", "image/png", "image/webp")
MOVING = ("video/mp4", "video/webm", "video/mp2t", "video/quicktime", "image/gif")
LARGEST = {"tweet_image": 5_242_880, "tweet_gif": 15_728_640, "tweet_video": 536_870_912}
SEGMENT = 5 * 1024 * 1024
SEGMENTS = 1_000
KEPT = 86_400


class Files:
    def __init__(self, network: XSimulator) -> None:
        self.network = network
        self.store = network.store

    def _login(self, request: Request) -> str:
        held = self.network.held(request, "media.write")
        return str(self.network.account(held)["username"])

    def _media(self, request: Request, login: str, id: str) -> dict[str, Any]:
        media: dict[str, Any] | None = self.store.get("x", "media", id)
        if media is None or media["login"] != login:
            raise invalid(f"The `id` value [{id}] is not valid", id=[id])
        return media

    async def upload(self, request: Request) -> Response:
        login = self._login(request)
        fields, files = request.form()
        file, category = files.get("media"), dict(fields).get("media_category")
        if file is None or not file.data or category != "tweet_image":
            raise invalid("media and media_category are required", media=[])
        if file.mime not in PICTURES:
            raise invalid(f"The media type {file.mime} is not supported", media=[file.mime])
        if len(file.data) > LARGEST["tweet_image"]:
            raise Refused(problem(413, "Payload Too Large", "The media is too large."))

        def accept() -> Response:
            media = self._new(login, file.mime, len(file.data), "tweet_image")
            self.store.put_blob("x", media["id"], file.mime, file.data)
            self.store.put("x", "media", media["id"], media | {"done": True})
            return json_response({"data": self._json(media)})

        return await self.network.step("upload", login, accept)

    async def initialize(self, request: Request) -> Response:
        login, wish = self._login(request), request.json()
        mime, size = str(wish.get("media_type")), int(wish.get("total_bytes") or 0)
        category = str(wish.get("media_category"))
        if mime not in (*PICTURES, *MOVING) or category not in LARGEST:
            raise invalid(f"media_type [{mime}] is not one of the allowed", media_type=[mime])
        if not 0 < size <= LARGEST[category]:
            raise invalid("The media's total_bytes is out of range", total_bytes=[str(size)])

        def accept() -> Response:
            media = self._new(login, mime, size, category)
            self.store.put("x", "media", media["id"], media)
            return json_response({"data": self._json(media)})

        return await self.network.step("upload", login, accept)

    async def append(self, request: Request) -> Response:
        login = self._login(request)
        media = self._media(request, login, request.params["id"])
        fields, files = request.form()
        file, index = files.get("media"), dict(fields).get("segment_index", "")
        if file is None or not index.isdigit() or int(index) >= SEGMENTS:
            raise invalid("segment_index is not valid", segment_index=[index])
        if len(file.data) > SEGMENT:
            raise Refused(problem(413, "Payload Too Large", "The media segment is too large."))

        def accept() -> Response:
            self.store.put_blob("x", f"{media['id']}-{index}", "part", file.data)
            changed = media | {"segments": sorted({*media["segments"], int(index)})}
            self.store.put("x", "media", media["id"], changed)
            return json_response({"data": {"expires_at": int(self.network.now()) + KEPT}})

        return await self.network.step("upload", login, accept)

    async def finalize(self, request: Request) -> Response:
        login = self._login(request)
        media = self._media(request, login, request.params["id"])
        parts = [self.store.blob("x", f"{media['id']}-{n}") for n in media["segments"]]
        data = b"".join(part[1] for part in parts if part)
        in_order = media["segments"] == list(range(len(media["segments"])))
        if not in_order or len(data) != media["size"]:
            raise invalid("Segments do not add up to provided total file size", media=[])

        def accept() -> Response:
            scenario = self.network.scenario(login)
            slow = scenario.name in ("slow", "slow_processing")
            ready_at = self.network.now() + (scenario.seconds if slow else 0)
            self.store.put_blob("x", media["id"], media["mime"], data)
            changed = media | {"done": True, "ready_at": ready_at, "info": True}
            self.store.put("x", "media", media["id"], changed)
            info = {"state": "pending", "check_after_secs": 1}
            return json_response({"data": self._json(changed) | {"processing_info": info}})

        return await self.network.step("upload", login, accept)

    async def status(self, request: Request) -> Response:
        held = self.network.held(request, "media.write")
        login = str(self.network.account(held)["username"])
        ends = held.at <= self.network.scenario(login).since
        if ends and self.network.is_on("expire_polling", login):
            raise Refused(problem(401, "Unauthorized", "Unauthorized"))
        if request.first("command") != "STATUS":
            raise invalid("command is not valid", command=[request.first("command")])
        media = self._media(request, login, request.first("media_id"))
        answer = self._json(media)
        if media["info"]:
            answer["processing_info"] = self._progress(media, login)
        return json_response({"data": answer})

    def _progress(self, media: dict[str, Any], login: str) -> dict[str, Any]:
        if self.network.is_on("container_error", login):
            error = {"code": 1, "name": "InvalidMedia", "message": "Unsupported video format"}
            return {"state": "failed", "progress_percent": 100, "error": error}
        if media["ready_at"] > self.network.now():
            return {"state": "in_progress", "check_after_secs": 1, "progress_percent": 40}
        return {"state": "succeeded", "progress_percent": 100}

    async def describe(self, request: Request) -> Response:
        login, wish = self._login(request), request.json()
        media = self._media(request, login, str(wish.get("id")))
        text = ((wish.get("metadata") or {}).get("alt_text") or {}).get("text")
        if not isinstance(text, str) or not 0 < len(text) <= 1_000:
            raise invalid("alt_text must have 1 to 1000 characters", metadata=[])

        def accept() -> Response:
            self.store.put("x", "media", media["id"], media | {"alt": text})
            associated = {"metadata": {"alt_text": {"text": text}}}
            return json_response({"data": {"id": media["id"], "associated_metadata": associated}})

        return await self.network.step("describe", login, accept)

    async def show(self, request: Request) -> Response:
        id = request.params["id"]
        if id.startswith("avatar-"):
            return _avatar(id.removeprefix("avatar-"))
        blob = self.store.blob("x", id)
        if blob is None:
            raise Refused(problem(404, "Not Found", "Not Found"))
        return Response(blob[1], 200, {"content-type": blob[0]})

    def usable(self, ids: list[str], login: str) -> list[dict[str, Any]]:
        """The files of a new post. Raises Refused for one that cannot be in it."""
        found = [self.store.get("x", "media", id) for id in ids]
        for id, media in zip(ids, found, strict=True):
            if media is None or media["login"] != login or media["at"] + KEPT < self.network.now():
                raise invalid("Your media IDs are invalid.", **{"media.media_ids": [id]})
            if not media["done"] or media["ready_at"] > self.network.now():
                raise invalid("Your media is still being processed.", **{"media.media_ids": [id]})
        return [media for media in found if media]

    def _new(self, login: str, mime: str, size: int, category: str) -> dict[str, Any]:
        return {
            "id": str(self.network.next_id()),
            "login": login,
            "mime": mime,
            "size": size,
            "category": category,
            "segments": [],
            "done": False,
            "info": False,
            "ready_at": 0.0,
            "alt": "",
            "at": self.network.now(),
        }

    @staticmethod
    def _json(media: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": media["id"],
            "media_key": key_of(media),
            "expires_after_secs": KEPT,
            "size": media["size"],
        }


def key_of(media: dict[str, Any]) -> str:
    kinds = {"tweet_image": "3", "tweet_video": "7", "tweet_gif": "16"}
    return f"{kinds[media['category']]}_{media['id']}"


def _avatar(login: str) -> Response:
    hue = sum(map(ord, login)) * 47 % 360
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><rect width="80" height="80"'
        f' fill="hsl({hue} 45% 40%)"/><text x="40" y="54" font-family="sans-serif" font-size="40"'
        f' fill="#fff" text-anchor="middle">{escape(login[:1].upper())}</text></svg>'
    )
    return Response(svg.encode(), 200, {"content-type": "image/svg+xml"})
