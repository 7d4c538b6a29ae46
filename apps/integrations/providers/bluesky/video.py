"""Video on Bluesky: a service of its own takes the file, and puts the result into our PDS.

The job's id is remembered as soon as there is one; asking about a job never uploads again.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from apps.integrations.http import GuardedClient

from ..base import ErrorKind, MediaItem, ProviderError, PublishContext
from ..files import length_of, opened
from ..hosts import simulated
from .client import BlueskyApi, send, upload_seconds

SERVICE = "https://video.bsky.app"
POLL_SECONDS = 3.0
TOKEN_SECONDS = 1800
_FILES_FAULT = {
    "validation_failure": "Bluesky does not take this video.",
    "encoding_failure": "Bluesky could not prepare this video.",
    "pds_upload_unsupported_blob_size": "The prepared video is too large for this server.",
}


class VideoService:
    """The video service that works for the account's PDS."""

    def __init__(self, api: BlueskyApi, ctx: PublishContext) -> None:
        host = ctx.account.host
        self._api, self._client, self._did = api, ctx.client, ctx.account.remote_id
        self._base = host if simulated(host) else SERVICE
        self._pds = _did_web(host)

    def check_quota(self) -> None:
        """Raises QUOTA_EXHAUSTED where the account may not upload (more) today."""
        method = "app.bsky.video.getUploadLimits"
        token = self._api.service_token(_did_web(self._base), method, 60)
        found = self._call("GET", method, token=token)
        if found.get("canUpload") is False:
            said = str(found.get("message") or found.get("error") or "No more videos today.")
            raise ProviderError(ErrorKind.QUOTA_EXHAUSTED, said[:300])

    def upload(self, item: MediaItem, name: str) -> dict[str, Any]:
        """The job; one that is known already comes back with 409."""
        # The service writes the blob into the PDS with this token, hence its audience.
        token = self._api.service_token(self._pds, "com.atproto.repo.uploadBlob", TOKEN_SECONDS)
        file = opened(item)
        return _job(
            self._call(
                "POST",
                "app.bsky.video.uploadVideo",
                token=token,
                params={"did": self._did, "name": name},
                headers={"Content-Type": item.mime},
                content=file,
                also=(409,),
                timeout=upload_seconds(length_of(file)),
            )
        )

    def job(self, job_id: str) -> dict[str, Any]:
        return _job(self._call("GET", "app.bsky.video.getJobStatus", params={"jobId": job_id}))

    def _call(self, method: str, nsid: str, *, token: str = "", **kwargs: Any) -> dict[str, Any]:
        headers = dict(kwargs.pop("headers", {}))
        if token:
            headers["Authorization"] = f"Bearer {token}"
        client: GuardedClient = self._client
        return send(client, method, f"{self._base}/xrpc/{nsid}", headers=headers, **kwargs)


def upload_video(api: BlueskyApi, ctx: PublishContext, item: MediaItem, name: str) -> bool:
    """Take the video as far as it goes now; True once its blob is remembered as `name`."""
    service = VideoService(api, ctx)
    try:
        if "video.job" not in ctx.handles:
            service.check_quota()
            job = service.upload(item, f"{ctx.key}.mp4")
            ctx.remember("video.job", str(job["jobId"]))
        else:
            job = service.job(ctx.handles["video.job"])
    except ProviderError as error:
        if error.kind is not ErrorKind.API_SUNSET:
            raise
        # A PDS that makes no tokens for services takes the file itself; app views prepare it.
        job = {"state": "JOB_STATE_COMPLETED", "blob": api.upload(opened(item), item.mime)}
    if isinstance(job.get("blob"), dict):
        ctx.remember(name, json.dumps(job["blob"]))
        return True
    if job.get("state") == "JOB_STATE_FAILED":
        ctx.forget("video.job")
        raise _failed(job)
    return False


def _failed(job: dict[str, Any]) -> ProviderError:
    code = str(job.get("failureCode") or job.get("error") or "")
    if code in _FILES_FAULT:
        return ProviderError(ErrorKind.MEDIA_INVALID, _FILES_FAULT[code], field="media")
    said = str(job.get("message") or "Bluesky could not prepare the video just now.")
    return ProviderError(ErrorKind.TRANSIENT_SAFE, said[:300])


def _job(data: dict[str, Any]) -> dict[str, Any]:
    """A job status; the service wraps it, except where it refuses a second copy."""
    job = data.get("jobStatus") or data
    if not isinstance(job, dict) or not job.get("jobId"):
        raise ProviderError(ErrorKind.TRANSIENT_SAFE, "The answer is not the video service's.")
    return job


def _did_web(base: str) -> str:
    """The DID of a server by its address."""
    return "did:web:" + urlsplit(base).netloc.replace(":", "%3A")
