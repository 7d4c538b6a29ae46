"""What the simulated YouTube takes as captions: a description and a file in one body."""

from __future__ import annotations

import json
import re
from email.parser import BytesParser
from email.policy import HTTP

from apps.integrations.sandbox.kernel import Request

from .simulated import Refused

LARGEST = 100_000_000
NAME = 150
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def sent(request: Request) -> tuple[str, str, str, bytes]:
    """The video, language and name of the track, and its file. Raises Refused."""
    if request.first("part") != "snippet":
        raise Refused(400, "unexpectedPart", "The part parameter does not match the body.")
    kind = request.headers.get("content-type", "")
    if request.first("uploadType") != "multipart" or not kind.startswith("multipart/related"):
        raise Refused(400, "contentRequired", "The request does not include the caption contents.")
    message = BytesParser(policy=HTTP).parsebytes(
        f"Content-Type: {kind}\r\n\r\n".encode() + request.body
    )
    parts = [one.get_payload(decode=True) for one in message.iter_parts()]
    if len(parts) != 2 or not all(isinstance(one, bytes) for one in parts):
        raise Refused(400, "contentRequired", "The request does not include the caption contents.")
    about, data = (one for one in parts if isinstance(one, bytes))
    snippet = json.loads(about).get("snippet") or {}
    video, language, name = (str(snippet.get(key, "")) for key in ("videoId", "language", "name"))
    if not video or not _LANGUAGE.fullmatch(language) or "name" not in snippet:
        raise Refused(400, "invalidMetadata", "The request contains invalid metadata values.")
    if len(name) > NAME:
        raise Refused(400, "nameTooLong", "The caption track's name is too long.")
    if not data.startswith(b"WEBVTT") or len(data) > LARGEST:
        raise Refused(400, "contentRequired", "The request does not include the caption contents.")
    return video, language, name, data
