"""The video service beside the simulated PDS: tokens for services, jobs, and how they end."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from urllib.parse import urlsplit

from apps.integrations.sandbox.kernel import Request, Response, json_response

from .simulator_records import Records, Refused

TRANSCODING = 0.4  # seconds that a video takes to be prepared
MAX_VIDEO = 300_000_000


class VideoDesk(Records):
    def _login(self, request: Request) -> dict[str, Any]:
        raise NotImplementedError

    async def service_auth(self, request: Request) -> Response:
        account = self._login(request)
        aud, lxm = request.first("aud"), request.first("lxm")
        if not aud.startswith("did:") or not lxm:
            raise Refused(400, "InvalidRequest", 'Params must have the property "aud"')
        token = secrets.token_urlsafe(24)
        doc = {"handle": account["handle"], "aud": aud, "lxm": lxm}
        self.store.put(self.key, "service", token, doc)
        return json_response({"token": token})

    def _acts_for(self, request: Request, method: str) -> dict[str, Any]:
        """The account whose service token this is: for this method, and for this server."""
        doc = self.store.get(self.key, "service", request.bearer)
        here = "did:web:" + urlsplit(request.base).netloc.replace(":", "%3A")
        if doc is None or doc["lxm"] != method or doc["aud"] != here:
            raise Refused(401, "AuthenticationRequired", "Invalid service token")
        return self._account(doc["handle"])

    async def video_limits(self, request: Request) -> Response:
        account = self._acts_for(request, "app.bsky.video.getUploadLimits")
        if self.is_on("quota_full", account["handle"]):
            said = "You have reached the daily limit of videos"
            return json_response({"canUpload": False, "message": said, "remainingDailyVideos": 0})
        return json_response(
            {
                "canUpload": True,
                "remainingDailyVideos": 25,
                "remainingDailyBytes": 10_000_000_000,
            }
        )

    async def video_upload(self, request: Request) -> Response:
        account = self._acts_for(request, "com.atproto.repo.uploadBlob")
        if request.first("did") != account["did"] or not request.first("name"):
            raise Refused(400, "InvalidRequest", 'Params must have the property "did"')
        if request.headers.get("content-type") != "video/mp4" or not request.body:
            raise Refused(400, "InvalidRequest", "Wrong request encoding")
        if len(request.body) > MAX_VIDEO:
            raise Refused(400, "InvalidRequest", "This file is too large")
        job_id = hashlib.sha256(account["did"].encode() + request.body).hexdigest()[:20]
        known = self.store.get(self.key, "job", job_id)
        if known is not None and self.store.blob(self.key, known["blob"]["ref"]["$link"]):
            said = {"error": "already_exists", "message": "Video already processed"}
            return json_response(self._status(known) | said, 409)

        def accept() -> Response:
            scenario, seconds = self.scenario(account["handle"]), TRANSCODING
            if self.is_on("slow_processing", account["handle"]):
                seconds = scenario.seconds
            job = {
                "id": job_id,
                "handle": account["handle"],
                "did": account["did"],
                "ready_at": self.now() + seconds,
                "blob": self.keep_blob("video/mp4", request.body),
            }
            self.store.put(self.key, "job", job_id, job)
            return json_response({"jobStatus": self._status(job)})

        return await self.step("upload", account["handle"], accept)

    async def video_job(self, request: Request) -> Response:
        job = self.store.get(self.key, "job", request.first("jobId"))
        if job is None:
            raise Refused(400, "InvalidRequest", "Job not found")
        if self.is_on("container_error", job["handle"]):
            self.store.drop(self.key, "job", job["id"])
            failed = {
                "state": "JOB_STATE_FAILED",
                "error": "encoding_failure",
                "failureCode": "encoding_failure",
                "message": "The video could not be encoded",
            }
            return json_response({"jobStatus": self._status(job) | failed})
        return json_response({"jobStatus": self._status(job)})

    @staticmethod
    def _known(job: dict[str, Any]) -> dict[str, Any]:
        return {"jobId": job["id"], "did": job["did"]}

    def _status(self, job: dict[str, Any]) -> dict[str, Any]:
        if job["ready_at"] > self.now():
            return {**self._known(job), "state": "JOB_STATE_ENCODING", "progress": 40}
        done = {"state": "JOB_STATE_COMPLETED", "progress": 100, "blob": job["blob"]}
        return {**self._known(job), **done}
