"""Containers as Instagram and Threads keep them: made, prepared, published once, gone in a day."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from io import BytesIO
from typing import Any, ClassVar

from PIL import Image, UnidentifiedImageError

from apps.integrations.sandbox.fetch import fetch
from apps.integrations.sandbox.kernel import Request, Response, json_response

from .simulated import DAY, GraphSimulator, Refused

MAX_VIDEO = 64 * 1024 * 1024  # as much as the sandbox keeps


class ContainerSimulator(GraphSimulator):
    """`state_field` and `said_field` are what the network calls the parts of a container's state.

    `error_said` is what a container says that "container_error" has spoiled.
    """

    state_field: ClassVar[str]
    said_field: ClassVar[str]
    error_said: ClassVar[str]
    image_mimes: ClassVar[frozenset[str]]
    image_bytes: ClassVar[int]

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        # Logins whose publications are reported as spam: "live" (though it is out) or "held".
        self.spam: dict[str, str] = {}

    # --- Making ----------------------------------------------------------------------------------

    async def keep_image(self, url: str) -> dict[str, Any]:
        """Fetch a picture as the network does, look at it and keep it."""
        found = await fetch(url, max_bytes=self.image_bytes * 2)
        if found is None:
            raise self.unfetchable()
        try:
            with Image.open(BytesIO(found.data)) as image:
                mime, (width, height) = Image.MIME[image.format or ""], image.size
        except (UnidentifiedImageError, KeyError, OSError):
            raise self.wrong_image("format") from None
        if mime not in self.image_mimes:
            raise self.wrong_image("format")
        if len(found.data) > self.image_bytes:
            raise self.wrong_image("size")
        blob = self.new_number()
        self.store.put_blob(self.key, blob, mime, found.data)
        return {"kind": "image", "blob": blob, "ratio": width / height}

    async def keep_video(self, url: str) -> dict[str, Any]:
        found = await fetch(url, max_bytes=MAX_VIDEO, seconds=60)
        if found is None:
            raise self.unfetchable()
        return self.store_video(found.mime, found.data)

    def store_video(self, mime: str, data: bytes) -> dict[str, Any]:
        if data[:64].lstrip().lower().startswith((b"<", b"#extm3u", b"\xff\xd8", b"\x89png")):
            raise Refused(
                352,
                "The video file you selected is in a format that we don't support.",
                subcode=2207026,
            )
        blob = self.new_number()
        kind = mime if mime.startswith("video/") else "video/mp4"
        self.store.put_blob(self.key, blob, kind, data)
        return {"kind": "video", "blob": blob}

    @staticmethod
    def unfetchable() -> Refused:
        said = "The media could not be fetched from this URI: the server did not give the file."
        return Refused(9004, said, subcode=2207052)

    def wrong_image(self, why: str) -> Refused:
        raise NotImplementedError

    def make(self, login: str, doc: Mapping[str, Any]) -> Response:
        """Keep a container; `media` and what shows in the feed are in `doc`."""
        slow = self.is_on("slow_processing", login)
        ready_at = self.now() + (self.scenario(login).seconds if slow else 0)
        container = {
            **doc,
            "id": self.new_number(),
            "login": login,
            "at": self.now(),
            "ready_at": ready_at,
            "published": "",
        }
        self.store.put(self.key, "container", container["id"], container)
        return json_response({"id": container["id"]})

    def container(self, id: str, login: str) -> dict[str, Any]:
        found = self.store.get(self.key, "container", id)
        if found is None or found["login"] != login:
            said = (
                f"Unsupported get request. Object with ID '{id}' does not exist, cannot be loaded due "
                "to missing permissions, or does not support this operation"
            )
            raise Refused(100, said, subcode=33)
        return dict(found)

    # --- Asking ----------------------------------------------------------------------------------

    def container_state(self, container: dict[str, Any]) -> str:
        if container["published"]:
            return "PUBLISHED"
        if self.now() - container["at"] > DAY:
            return "EXPIRED"
        if container.get("failed"):
            return "ERROR"
        waiting = container.get("bytes_wanted") or container["ready_at"] > self.now()
        return "IN_PROGRESS" if waiting else "FINISHED"

    def show_container(self, container: dict[str, Any]) -> Response:
        login = container["login"]
        if self.is_on("expire_polling", login):
            raise self.expired()
        self.unreadable(login)
        if not container["published"] and self.is_on("container_error", login):
            container["failed"] = True
            self.store.put(self.key, "container", container["id"], container)
        state = self.container_state(container)
        answer = {self.state_field: state, "id": container["id"]}
        if state == "ERROR":
            answer[self.said_field] = self.error_said
        return json_response(answer)

    # --- Publishing ------------------------------------------------------------------------------

    async def publish_container(self, request: Request, kinds: tuple[str, ...]) -> Response:
        """`kinds` are the posts that count against the quota."""
        login = self.held(request).login
        fields = dict(request.form()[0])

        def accept() -> Response:
            try:
                container = self.container(fields.get("creation_id", ""), login)
                self._check_publishable(container, login, kinds)
                block = self.spam.get(login, "")
                if block != "held":
                    answer = self._put_out(container, login)
                if block:
                    raise Refused(
                        4, "Application request limit reached", subcode=2207051, status=403
                    )
                return answer
            except Refused as refused:
                return refused.answer

        return await self.publish(login, accept)

    def _check_publishable(
        self, container: dict[str, Any], login: str, kinds: tuple[str, ...]
    ) -> None:
        state = self.container_state(container)
        if state == "PUBLISHED":
            raise self.duplicate()
        if state == "EXPIRED":
            raise Refused(-2, "The media container has expired.", subcode=2207020)
        if state != "FINISHED":
            raise self.too_early()
        quota = self.quota_of(container)
        full = self.today(login, quota + 1, self.quota_kinds(container, kinds)) >= quota
        if full or self.is_on("quota_full", login):
            raise Refused(9, "Application request limit reached", subcode=2207042, status=403)

    def quota_of(self, container: Mapping[str, Any]) -> int:
        return self.quota

    def quota_kinds(self, container: Mapping[str, Any], kinds: tuple[str, ...]) -> tuple[str, ...]:
        return kinds

    def too_early(self) -> Refused:
        raise NotImplementedError

    @abstractmethod
    def new_post(self, container: dict[str, Any]) -> dict[str, Any]:
        """What the published container becomes: `text`, `kind`, `media` and the rest."""

    def _put_out(self, container: dict[str, Any], login: str) -> Response:
        post = {
            **self.new_post(container),
            "id": self.new_number(),
            "login": login,
            "at": self.now(),
        }
        self.store.add_post(self.key, post["id"], login, post["text"], post)
        container["published"] = post["id"]
        self.store.put(self.key, "container", container["id"], container)
        return json_response({"id": post["id"]})
