"""Who asks the simulated YouTube, and the videos of its channels as they lie there."""

from __future__ import annotations

from typing import Any

from apps.integrations.sandbox.desk import Desk, Held
from apps.integrations.sandbox.kernel import Request, Response, json_response
from apps.integrations.sandbox.simulator import Simulator
from apps.integrations.sandbox.store import Store

from .simulated import Refused, channel_json, channel_of, iso

COUNTERS: dict[str, float] = {"viewCount": 5400, "likeCount": 310, "commentCount": 24}
UPLOAD, MANAGE = (
    f"https://www.googleapis.com/auth/{name}" for name in ("youtube.upload", "youtube.force-ssl")
)


class Channels(Simulator):
    key = "youtube"
    name = "YouTube"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.desk = Desk(self.key, self.name, store, self.now, ttl=3600, rotates=False)

    async def authorize(self, request: Request) -> Response:
        if request.first("access_type") != "offline" or request.first("prompt") != "consent":
            return json_response({"error": "a refresh token would not be given"}, 400)
        return self.desk.consent(request, approve="/web/approve")

    async def approve(self, request: Request) -> Response:
        return self.desk.approve(request)

    async def token(self, request: Request) -> Response:
        """Refreshing gives no new refresh token."""
        fields = dict(request.form()[0])
        old = self.store.get(self.key, "refresh", fields.get("refresh_token", ""))
        if old and self.scenario(old["login"]).name == "revoked":
            self.store.drop(self.key, "refresh", fields["refresh_token"])
        answer = self.desk.exchange(fields)
        if isinstance(answer, str):
            said = {"error": answer, "error_description": "Token has been expired or revoked."}
            return json_response(said, 401 if answer == "invalid_client" else 400)
        return json_response(answer | {"token_type": "Bearer"})

    def _held(self, request: Request, *scopes: str) -> Held:
        held = self.desk.held(request.bearer)
        if held is None or held.until <= self.now() or self.lost_access(held.login, held.at):
            raise Refused(401, "authError", "Invalid Credentials")
        if held.scopes and not set(scopes or (MANAGE,)) & set(held.scopes):
            raise Refused(403, "insufficientPermissions", "Insufficient Permission")
        return held

    async def channels(self, request: Request) -> Response:
        login = self._held(request).login
        if request.first("mine") != "true":
            raise Refused(400, "missingRequiredParameter", "No filter selected.")
        channel = channel_json(login)
        return json_response({"kind": "youtube#channelListResponse", "items": [channel]})

    def _video(self, video_id: str) -> dict[str, Any]:
        video: dict[str, Any] | None = self.store.get(self.key, "video", video_id)
        gone = video is not None and not video["failed"] and not self._shown(video_id)
        if video is None or gone:
            raise Refused(404, "videoNotFound", "The video cannot be found.")
        return video

    def _shown(self, video_id: str) -> bool:
        return self.store.post(self.key, video_id) is not None

    def _keep(self, video: dict[str, Any]) -> None:
        self.store.put(self.key, "video", video["id"], video)
        snippet = video["snippet"]
        text = f"{snippet['title']}\n{snippet.get('description', '')}"
        self.store.change_post(self.key, video["id"], text, video)

    def _video_json(self, video_id: str, parts: Any) -> dict[str, Any]:
        video = self._video(video_id)
        every: dict[str, Any] = {
            "snippet": video["snippet"]
            | {"publishedAt": iso(video["at"]), "channelId": channel_of(video["login"])},
            "status": {**video["status"], **self._processing(video)},
            "processingDetails": {"processingStatus": "processing"},
            "statistics": {
                name: str(value)
                for name, value in self.grown(video_id, video["at"], COUNTERS).items()
            },
        }
        return {
            "kind": "youtube#video",
            "id": video_id,
            **{name: every[name] for name in parts if name in every},
        }

    def _processing(self, video: dict[str, Any]) -> dict[str, str]:
        if video["failed"]:
            return {"uploadStatus": "failed", "failureReason": "conversion"}
        return {"uploadStatus": "processed" if video["ready_at"] <= self.now() else "uploaded"}
