"""Records as the simulated PDS checks and shows them: posts with their embeds, replies, facets."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

from apps.integrations.sandbox.feed import FeedPost
from apps.integrations.sandbox.kernel import json_response
from apps.integrations.sandbox.render import link_anchors, rich_html, tag_anchors
from apps.integrations.sandbox.simulator import Simulator

from ..text import graphemes
from .tid import new_tid

POST = "app.bsky.feed.post"
SIZES: dict[str, float] = {
    "likeCount": 31,
    "repostCount": 8,
    "replyCount": 5,
    "quoteCount": 2,
    "bookmarkCount": 4,
}
MAX_IMAGE, MAX_THUMB, MAX_CAPTIONS = 2_000_000, 1_000_000, 20_000
_RKEY = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")


class Refused(Exception):
    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.answer = json_response({"error": name, "message": message}, status)


def invalid(message: str) -> Refused:
    return Refused(400, "InvalidRequest", message)


def cid_of(record: dict[str, Any]) -> str:
    packed = json.dumps(record, sort_keys=True).encode()
    return "bafyrei" + hashlib.sha256(packed).hexdigest()[:52]


class Records(Simulator):
    def _account(self, handle: str) -> dict[str, Any]:
        raise NotImplementedError

    def keep_blob(self, mime: str, data: bytes) -> dict[str, Any]:
        cid = "bafkrei" + hashlib.sha256(data).hexdigest()[:52]
        self.store.put_blob(self.key, cid, mime, data)
        return {"$type": "blob", "ref": {"$link": cid}, "mimeType": mime, "size": len(data)}

    def checked(self, account: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """The post that `data` writes; raises Refused as the lexicon's validation would."""
        record = data.get("record")
        if data.get("repo") not in (account["did"], account["handle"]):
            raise invalid("Could not find repo")
        if data.get("collection") != POST or not isinstance(record, dict):
            raise invalid("Invalid record")
        text = str(record.get("text", ""))
        if graphemes(text) > 300:
            raise invalid("Record/text must not be longer than 300 graphemes")
        if len(text.encode()) > 3000:
            raise invalid("Record/text must not be longer than 3000 bytes")
        if not record.get("createdAt"):
            raise invalid('Record must have the property "createdAt"')
        rkey = str(data.get("rkey") or new_tid())
        if not _RKEY.fullmatch(rkey):
            raise invalid("Invalid record key: not a TID")
        self._check_facets(record, text)
        self._check_embed(record.get("embed") or {})
        root = self._check_reply(record.get("reply"))
        return {
            "id": f"at://{account['did']}/{POST}/{rkey}",
            "cid": cid_of(record),
            "handle": account["handle"],
            "rkey": rkey,
            "record": record,
            "reply_to": record["reply"]["parent"]["uri"] if root else None,
            "root": root,
            "at": self.now(),
        }

    @staticmethod
    def _check_facets(record: dict[str, Any], text: str) -> None:
        size = len(text.encode())
        for facet in record.get("facets") or ():
            index = facet.get("index") or {}
            start, end = index.get("byteStart", -1), index.get("byteEnd", -1)
            if not 0 <= start < end <= size or not facet.get("features"):
                raise invalid("Record/facets/0/index is out of the text")

    def _check_embed(self, embed: dict[str, Any]) -> None:
        kind = embed.get("$type", "").removeprefix("app.bsky.embed.")
        if kind == "images":
            if not 1 <= len(embed["images"]) <= 4:
                raise invalid("Record/embed/images must not have more than 4 elements")
            for image in embed["images"]:
                self._check_blob(image.get("image"), "image/", MAX_IMAGE)
                if "alt" not in image:
                    raise invalid('Record/embed/images/0 must have the property "alt"')
        elif kind == "gallery":
            self._check_gallery(embed)
        elif kind == "video":
            self._check_blob(embed.get("video"), "video/mp4", 300_000_000)
            for caption in embed.get("captions") or ():
                self._check_blob(caption.get("file"), "text/vtt", MAX_CAPTIONS)
        elif kind == "external":
            card = embed.get("external") or {}
            if not card.get("uri") or "title" not in card or "description" not in card:
                raise invalid('Record/embed/external must have the property "title"')
            if card.get("thumb"):
                self._check_blob(card["thumb"], "image/", MAX_THUMB)

    def _check_gallery(self, embed: dict[str, Any]) -> None:
        if len(embed["items"]) > 20:
            raise invalid("Record/embed/items must not have more than 20 elements")
        for item in embed["items"]:
            if item.get("$type") != "app.bsky.embed.gallery#image":
                raise invalid("Record/embed/items/0 must be an object of a known type")
            if "alt" not in item or "aspectRatio" not in item:
                raise invalid('Record/embed/items/0 must have the property "aspectRatio"')
            self._check_blob(item.get("image"), "image/", MAX_IMAGE)

    def _check_blob(self, blob: Any, mime: str, limit: int) -> None:
        if not isinstance(blob, dict) or not (blob.get("ref") or {}).get("$link"):
            raise invalid("Record/embed should be a blob ref")
        if self.store.blob(self.key, blob["ref"]["$link"]) is None:
            raise Refused(400, "BlobNotFound", "Could not find blob")
        if not str(blob.get("mimeType", "")).startswith(mime):
            raise Refused(400, "InvalidMimeType", "Wrong type of file")
        if blob.get("size", 0) > limit:
            raise Refused(400, "BlobTooLarge", f"This file is too large. The limit is {limit}")

    def _check_reply(self, reply: Any) -> str | None:
        """The root's address; both ends must be posts that are there, named with their cid."""
        if reply is None:
            return None
        for end in ("root", "parent"):
            ref = reply.get(end) or {}
            post = self.store.post(self.key, str(ref.get("uri")))
            if post is None or post["cid"] != ref.get("cid"):
                raise invalid(f"Record/reply/{end} must be a strong reference to a post")
        return str(reply["root"]["uri"])

    def view(self, post: dict[str, Any], base: str) -> dict[str, Any]:
        account = self._account(post["handle"])
        return {
            "uri": post["id"],
            "cid": post["cid"],
            "author": {
                "did": account["did"],
                "handle": account["handle"],
                "displayName": account["name"],
                "avatar": f"{base}/avatars/{account['handle']}",
            },
            "record": post["record"],
            "indexedAt": datetime.fromtimestamp(post["at"], UTC).isoformat(timespec="milliseconds"),
            **self.grown(post["id"], post["at"], SIZES),
        }

    def feed_post(self, post: dict[str, Any], base: str) -> FeedPost:
        record, account = post["record"], self._account(post["handle"])
        text, embed = record["text"], record.get("embed") or {}
        card = embed.get("external")
        pictures = embed.get("images") or embed.get("items") or ()
        labels = (record.get("labels") or {}).get("values") or ()

        def file(blob: dict[str, Any]) -> str:
            return f"{base}/files/{blob['ref']['$link']}"

        images = [(file(image["image"]), image.get("alt", "")) for image in pictures]
        if card and card.get("thumb"):
            images.append((file(card["thumb"]), ""))
        return FeedPost(
            id=post["id"],
            handle=f"@{post['handle']}",
            name=account["name"],
            html=rich_html(text, [*link_anchors(text), *tag_anchors(text, base)]),
            at=post["at"],
            permalink=f"{base}/profile/{post['handle']}/post/{post['rkey']}",
            images=tuple(images),
            videos=((file(embed["video"]), ""),) if "video" in embed else (),
            card=(card["uri"], card["title"], card["description"]) if card else None,
            warning=", ".join(label["val"] for label in labels),
            counters=tuple(
                (name.removesuffix("Count"), value)
                for name, value in self.grown(post["id"], post["at"], SIZES).items()
            ),
            replies=tuple(
                self.feed_post(one, base) for one in self.answers_to(post, post["handle"])
            ),
        )
