"""TikTok small enough to read: sign-in, creator info, uploads in pieces, pulls, status, numbers.

Its addresses lie below `api`, `web` and `upload`. Points: "container" is a video's init, "upload" a
piece that is not the last, "publish" the last piece or the init of photos. A draft of a video has
no caption, so two drafts are the same when their bytes are. `unverified.example` is an address
that nobody has verified.
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Any

from apps.integrations.sandbox.desk import PEOPLE, Desk, Held
from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.fetch import fetch
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.simulator import Simulator
from apps.integrations.sandbox.store import Store

from ..capabilities import Capabilities
from .simulated import (
    COUNTERS,
    PLAIN,
    PRIVACY,
    Refused,
    checked_info,
    checked_photos,
    checked_source,
    envelope,
    feed_post,
    label,
    number,
    video_json,
)

DAY = 86_400
URL_KEPT = 3600  # seconds that an upload address works
MAX_SECONDS = 600
MAX_DRAFTS = 5  # pending in the inbox, of a day
DEAD = "share_count"  # what the scenario "dead_metric" ends
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class TikTokSimulator(Simulator):
    key = "tiktok"
    name = "TikTok"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        facts = Capabilities.load(Path(__file__).parent / "capability.json")
        assert facts.upload is not None
        self.rules = facts.upload  # tests put smaller ones here
        self.desk = Desk(
            self.key,
            self.name,
            store,
            self.now,
            ttl=DAY,
            rotates=True,
            id_name="client_key",
            separator=",",
        )
        route = self.router.add
        route("GET", "/web/v2/auth/authorize/", self.authorize)
        route("GET", "/web/approve", self.approve)
        route("POST", "/api/v2/oauth/token/", self.token)
        route("GET", "/api/v2/user/info/", self.user)
        route("POST", "/api/v2/post/publish/creator_info/query/", self.creator_info)
        route("POST", "/api/v2/post/publish/video/init/", self.video_init)
        route("POST", "/api/v2/post/publish/inbox/video/init/", self.inbox_init)
        route("POST", "/api/v2/post/publish/content/init/", self.content_init)
        route("POST", "/api/v2/post/publish/status/fetch/", self.status)
        route("POST", "/api/v2/post/publish/cancel/", self.cancel)
        route("PUT", "/upload/video/", self.upload)
        route("POST", "/api/v2/video/query/", self.query)
        route("GET", "/files/{id}", self.file)
        route("GET", "/web/@{login}/video/{id}", self.permalink)
        route("GET", "/web/@{login}/photo/{id}", self.permalink)

    async def __call__(self, request: Request) -> Response:
        try:
            return await super().__call__(request)
        except Refused as refused:
            return refused.answer

    def refusal(self, fault: str, seconds: float) -> Response:
        if fault == "rate_limit":
            return envelope({}, "rate_limit_exceeded", "Too many requests.", 429)
        if fault == "duplicate":  # TikTok has no such rule; another refusal of the content
            return envelope({}, "invalid_param", "The request is not valid.", 400)
        return envelope({}, "internal_error", "Something is wrong.", 500)

    # --- Sign-in ---------------------------------------------------------------------------------

    async def authorize(self, request: Request) -> Response:
        return self.desk.consent(request, approve="/web/approve")

    async def approve(self, request: Request) -> Response:
        return self.desk.approve(request)

    async def token(self, request: Request) -> Response:
        fields = dict(request.form()[0])
        old = self.store.get(self.key, "refresh", fields.get("refresh_token", ""))
        if old and self.scenario(old["login"]).name == "revoked":
            self.store.drop(self.key, "refresh", fields["refresh_token"])
        answer = self.desk.exchange(fields)
        if isinstance(answer, str):
            said = {"error": answer, "error_description": "The request is not valid."}
            return json_response(said | {"log_id": secrets.token_hex(8)}, 400)
        held = self.desk.held(answer["access_token"])
        more = {
            "open_id": number("user", held.login if held else ""),
            "refresh_expires_in": 31536000,
        }
        return json_response(answer | more)

    def _held(self, request: Request, scope: str) -> Held:
        held = self.desk.held(request.bearer)
        if held is None or held.until <= self.now() or self.lost_access(held.login, held.at):
            raise Refused(401, "access_token_invalid", "The access token is invalid.")
        if held.scopes and scope not in held.scopes:
            raise Refused(401, "scope_not_authorized", f"The user did not authorize {scope}.")
        return held

    # --- Who -------------------------------------------------------------------------------------

    async def user(self, request: Request) -> Response:
        login = self._held(request, "user.info.basic").login
        fields = request.first("fields").split(",")
        if "username" in fields:
            self._held(request, "user.info.profile")
        known = {
            "open_id": number("user", login),
            "union_id": number("union", login),
            "avatar_url": "",
            "display_name": PEOPLE.get(login, login.title()),
            "username": login,
        }
        if wrong := [name for name in fields if name not in known]:
            raise Refused(400, "invalid_params", f"Fields {', '.join(wrong)} are not valid.")
        return envelope({"user": {name: known[name] for name in fields}})

    async def creator_info(self, request: Request) -> Response:
        login = self._held(request, "video.publish").login
        if self.is_on("quota_full", login):
            raise Refused(403, "spam_risk_too_many_posts")
        return envelope(
            {
                "creator_avatar_url": "",
                "creator_username": login,
                "creator_nickname": PEOPLE.get(login, login.title()),
                "privacy_level_options": PRIVACY,
                "comment_disabled": False,
                "duet_disabled": login == "newsdesk",
                "stitch_disabled": login == "newsdesk",
                "max_video_post_duration_sec": MAX_SECONDS,
            }
        )

    # --- Starting --------------------------------------------------------------------------------

    async def video_init(self, request: Request) -> Response:
        login = self._held(request, "video.publish").login
        return await self._video_init(request, login, direct=True)

    async def inbox_init(self, request: Request) -> Response:
        login = self._held(request, "video.upload").login
        return await self._video_init(request, login, direct=False)

    async def _video_init(self, request: Request, login: str, *, direct: bool) -> Response:
        data = request.json()

        def accept() -> Response:
            try:
                self._room(login, direct=direct)
                info = checked_info(data.get("post_info")) if direct else {}
                source = checked_source(data.get("source_info"), self.rules)
            except Refused as refused:
                return refused.answer
            secret = secrets.token_urlsafe(24)
            doc = {
                "id": f"{'v_pub_file' if direct else 'v_inbox_file'}~v2.{secrets.randbits(60)}",
                "login": login,
                "direct": direct,
                "info": info,
                "kind": "video",
                "status": "PROCESSING_UPLOAD",
                "received": 0,
                "secret": secret,
                "at": self.now(),
                **source,
            }
            self._keep(doc)
            self.store.put(self.key, "upload", secret, {"publish_id": doc["id"]})
            url = f"{request.base}/upload/video/?upload_id={number(secret)}&upload_token={secret}"
            return envelope({"publish_id": doc["id"], "upload_url": url})

        return await self.step("container", login, accept)

    def _room(self, login: str, *, direct: bool) -> None:
        """Nobody finishes a draft here, so all of the last day are pending."""
        full = self.is_on("quota_full", login)
        if direct and full:
            raise Refused(403, "spam_risk_too_many_posts")
        since = self.now() - DAY
        posts = self.store.posts(self.key, login)
        drafts = sum(1 for one in posts if not one["direct"] and one["at"] > since)
        if not direct and (full or drafts >= MAX_DRAFTS):
            raise Refused(403, "spam_risk_too_many_pending_share")

    async def content_init(self, request: Request) -> Response:
        data = request.json()
        direct = data.get("post_mode") == "DIRECT_POST"
        login = self._held(request, "video.publish" if direct else "video.upload").login
        urls = checked_photos(data)
        pulled = [await fetch(url, max_bytes=20_000_000) for url in urls]

        def accept() -> Response:
            try:
                self._room(login, direct=direct)
                info = data.get("post_info") or {}
                if direct:
                    info = checked_info(info, photo=True)
            except Refused as refused:
                return refused.answer
            failed = ""
            if not all(pulled):
                failed = "photo_pull_failed"
            elif any(one.mime not in ("image/jpeg", "image/webp") for one in pulled if one):
                failed = "file_format_check_failed"
            publish_id = f"p_pub_url~v2.{secrets.randbits(60)}"
            files = [f"{number(publish_id)}-{n}" for n in range(len(pulled))]
            for name, one in zip(files, pulled, strict=True):
                if one:
                    self.store.put_blob(self.key, name, one.mime, one.data)
            doc = {
                "id": publish_id,
                "login": login,
                "direct": direct,
                "info": info,
                "kind": "photo",
                "files": files,
                "received": 0,
                "at": self.now(),
            }
            self._finish(doc, failed, text=f"{info.get('title')}\n{info.get('description')}")
            return envelope({"publish_id": publish_id})

        return await self.publish(login, accept)

    # --- Pieces ----------------------------------------------------------------------------------

    async def upload(self, request: Request) -> Response:
        """No envelope here: the store speaks in statuses only."""
        where = self.store.get(self.key, "upload", request.first("upload_token"))
        doc = self.store.get(self.key, "publish", where["publish_id"]) if where else None
        if doc is None or request.headers.get("authorization"):
            return Response(status=404)
        if self.now() - doc["at"] > URL_KEPT or doc["status"] != "PROCESSING_UPLOAD":
            return Response(status=403)
        found = _RANGE.fullmatch(request.headers.get("content-range", ""))
        if found is None or not request.headers.get("content-type", "").startswith("video/"):
            return Response(status=400)
        start, end, total = (int(one) for one in found.groups())
        if end - start + 1 != len(request.body) or total != doc["size"]:
            return Response(status=400)
        number_of = doc["received"] // doc["chunk"]
        is_last = number_of >= doc["count"] - 1
        wanted = doc["size"] - doc["received"] if is_last else doc["chunk"]
        if start != doc["received"] or len(request.body) != wanted:
            return Response(status=416)

        def accept() -> Response:
            before = self.store.blob(self.key, doc["id"]) if start else None
            data = (before[1] if before else b"") + request.body
            self.store.put_blob(self.key, doc["id"], "video/mp4", data)
            fresh = doc | {"received": end + 1}
            if not is_last:
                self._keep(fresh)
                return Response(status=206)
            failed = ""
            if self.is_on("container_error", doc["login"]):
                failed = "file_format_check_failed"
            text = (
                str(doc["info"].get("title") or "") if doc["direct"] else sha256(data).hexdigest()
            )
            self._finish(fresh | {"files": [doc["id"]]}, failed, text=text)
            return Response(status=201)

        if is_last:
            return await self.publish(doc["login"], accept)
        return await self.step("upload", doc["login"], accept)

    def _finish(self, doc: dict[str, Any], failed: str, *, text: str) -> None:
        """Everything is there: fail, or be a post as soon as it has been worked on."""
        login = doc["login"]
        slow = self.is_on("slow_processing", login)
        doc["ready_at"] = self.now() + (self.scenario(login).seconds if slow else 0)
        doc["status"] = "FAILED" if failed else "PROCESSING"
        doc["fail_reason"] = failed
        if not failed:
            doc["post"] = number(doc["id"])
            post = {
                "id": doc["post"],
                "login": login,
                "direct": doc["direct"],
                "kind": doc["kind"],
                "files": doc["files"],
                "title": doc["info"].get("title", "") if doc["kind"] == "photo" else "",
                "text": doc["info"].get("description" if doc["kind"] == "photo" else "title", ""),
                "privacy": doc["info"].get("privacy_level", ""),
                "label": label(doc["info"]),
                "at": self.now(),
            }
            self.store.add_post(self.key, post["id"], login, text, post)
        self._keep(doc)

    def _keep(self, doc: dict[str, Any]) -> None:
        self.store.put(self.key, "publish", doc["id"], doc)

    # --- Status ----------------------------------------------------------------------------------

    def _publish_doc(self, request: Request) -> dict[str, Any]:
        held = self._held(request, "video.upload")
        expired = held.at <= self.scenario(held.login).since
        if expired and self.is_on("expire_polling", held.login):
            raise Refused(401, "access_token_invalid", "The access token is invalid.")
        doc: dict[str, Any] | None = self.store.get(
            self.key, "publish", str(request.json().get("publish_id"))
        )
        if doc is None or doc["login"] != held.login:
            raise Refused(400, "invalid_publish_id")
        return doc

    async def status(self, request: Request) -> Response:
        doc = self._publish_doc(request)
        said: dict[str, Any] = {"status": doc["status"], "uploaded_bytes": doc["received"]}
        if doc["status"] == "FAILED":
            said["fail_reason"] = doc["fail_reason"]
        elif doc["status"] == "PROCESSING":
            pulls = doc["kind"] == "photo"
            said["status"] = "PROCESSING_DOWNLOAD" if pulls else "PROCESSING_UPLOAD"
            if doc["ready_at"] <= self.now():
                said["status"] = "PUBLISH_COMPLETE" if doc["direct"] else "SEND_TO_USER_INBOX"
                if doc["direct"] and doc["info"].get("privacy_level") == "PUBLIC_TO_EVERYONE":
                    said["publicaly_available_post_id"] = [int(doc["post"])]
        return envelope(said)

    async def cancel(self, request: Request) -> Response:
        doc = self._publish_doc(request)
        if doc["status"] != "PROCESSING_UPLOAD":
            raise Refused(400, "invalid_param", "It cannot be cancelled any more.")
        self._keep(doc | {"status": "FAILED", "fail_reason": "publish_cancelled"})
        return envelope({})

    # --- Numbers ---------------------------------------------------------------------------------

    async def query(self, request: Request) -> Response:
        held = self._held(request, "video.list")
        ids = (request.json().get("filters") or {}).get("video_ids")
        fields = request.first("fields").split(",")
        wrong = [name for name in fields if name not in PLAIN and name not in COUNTERS]
        if DEAD in fields and self.is_on("dead_metric", held.login):
            wrong.append(DEAD)
        if wrong:
            raise Refused(400, "invalid_params", f"Fields {', '.join(wrong)} are not valid.")
        if not isinstance(ids, list) or not 1 <= len(ids) <= 20:
            raise Refused(400, "invalid_params", "At most 20 video ids.")
        posts = [self.store.post(self.key, str(one)) for one in ids]
        videos = [
            video_json(post, fields, request.base, self.grown(post["id"], post["at"], COUNTERS))
            for post in posts
            if post
            and post["login"] == held.login
            and post["direct"]
            and post["privacy"] == "PUBLIC_TO_EVERYONE"
        ]
        return envelope({"videos": videos})

    # --- Shapes ----------------------------------------------------------------------------------

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        counters = self.grown(post["id"], post["at"], COUNTERS) if post["direct"] else {}
        return feed_post(post, base, counters)

    async def file(self, request: Request) -> Response:
        blob = self.store.blob(self.key, request.params["id"])
        if blob is None:
            return Response(status=404)
        return Response(blob[1], 200, {"content-type": blob[0]})

    async def permalink(self, request: Request) -> Response:
        return self.page(self.store.post(self.key, request.params["id"]), request.base)


simulator = TikTokSimulator
