"""What the API says about files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from apps.media import usage
from apps.media.models import Asset, Caption, Upload
from apps.media.services import uploads
from apps.media.types import SHOWN, Box
from apps.workspaces.api import Body, ListQuery
from apps.workspaces.api.inputs import CommaSeparated, Query
from apps.workspaces.tenancy import reverse

Kinds = Literal["image", "gif", "video", "document"]


class FocusOut(BaseModel):
    x: float
    y: float
    width: float = 0
    height: float = 0


class AssetOut(BaseModel):
    id: UUID
    kind: Kinds
    name: str
    mime: str
    size: int = Field(description="Bytes.")
    width: int = Field(description="Pixels; 0 for documents.")
    height: int
    is_animated: bool
    duration: float | None = Field(description="Seconds, of videos and GIFs.")
    fps: float | None
    pages: int | None = Field(description="Of a PDF or a presentation.")
    has_sound: bool
    alt_text: str
    folder: str = Field(description="A path such as Spring/Photos.")
    tags: list[str]
    focus: FocusOut | None = Field(description="What people want kept when the picture is cut.")
    cover_ms: int | None = Field(description="When in the video the cover is; null: we chose.")
    urls: dict[str, str] = Field(
        description=(
            "Members only. Pictures by form: thumb, card, large, full; of a video `stream`; of all "
            "`download`."
        )
    )
    created_at: datetime
    deleted_at: datetime | None = Field(description="Since when it is in the trash.")


class AssetQuery(ListQuery):
    search: str = Field("", max_length=200, description="Words in names, texts, folders and tags.")
    folder: str | None = Field(None, max_length=120, description="A path; empty: in no folder.")
    deep: bool = Field(False, description="With `folder`: also the folders inside it.")
    tag: str | None = Field(None, max_length=40)
    kind: Kinds | None = None
    trash: bool = Field(False, description="What was deleted instead of what is there.")


class AssetIn(Body):
    file: Annotated[Any, Field(json_schema_extra={"type": "string", "format": "binary"})]
    alt_text: str = Field("", max_length=1500)
    folder: str = Field("", max_length=120)
    tags: Annotated[list[str], CommaSeparated] = Field([], max_length=30, description="Commas.")


class FocusIn(Body):
    """A point, or with width and height a box; fractions of the picture from its top left corner."""

    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)
    width: float = Field(0, ge=0, le=1)
    height: float = Field(0, ge=0, le=1)


class AssetPatch(Body):
    name: str | None = Field(None, min_length=1, max_length=200)
    alt_text: str | None = Field(None, max_length=1500)
    folder: str | None = Field(None, max_length=120)
    tags: list[str] | None = Field(None, max_length=30)
    focus: FocusIn | None = Field(None, description="null: what faces, logos and edges suggest.")
    cover_ms: int | None = Field(None, ge=0, le=2**31 - 1, description="A video's cover.")


class CropQuery(Query):
    ratio: float = Field(gt=0.05, lt=20, description="Width divided by height.")


class CropOut(BaseModel):
    """Fractions of the picture from its top left corner."""

    x: float
    y: float
    width: float
    height: float


class UseOut(BaseModel):
    kind: str
    id: str
    title: str
    url: str
    state: str
    is_open: bool = Field(description="It still needs the file: a draft, a scheduled post.")
    at: datetime | None


class UsageOut(BaseModel):
    data: list[UseOut]


class CaptionIn(Body):
    language: str = Field(min_length=2, max_length=20, description="As in en, de, pt-BR.")
    text: str = Field(max_length=1_000_000, description="WebVTT or SubRip.")
    name: str = Field("", max_length=200)


class CaptionOut(BaseModel):
    language: str
    name: str
    cues: int
    url: str = Field(description="WebVTT, for a player's track. Members only.")
    created_at: datetime


class CaptionsOut(BaseModel):
    data: list[CaptionOut]


class FolderOut(BaseModel):
    path: str
    assets: int = Field(description="In it, without the folders inside it.")


class LibraryOut(BaseModel):
    """Folders and tags in use, and bytes used; `allowed` is null where there is no limit."""

    folders: list[FolderOut]
    tags: list[str]
    used: int
    trash: int = Field(description="Bytes of `used` that emptying the trash would free at least.")
    allowed: int | None


class UploadIn(Body):
    name: str = Field(min_length=1, max_length=200)
    size: int = Field(ge=1, le=2**53, description="Bytes.")
    mime: str = Field("", max_length=100)
    sha256: str = Field("", max_length=64, description="Hexadecimal; compared at the end.")
    alt_text: str = Field("", max_length=1500)
    folder: str = Field("", max_length=120)
    tags: list[str] = Field([], max_length=30)


class PartOut(BaseModel):
    number: int
    size: int
    url: str = Field(description="PUT the part's bytes here.")
    needs_credentials: bool = Field(
        description="true: an address of this API. false: the store's own; send no Authorization."
    )


class UploadErrorOut(BaseModel):
    code: str
    message: str


class UploadOut(BaseModel):
    id: UUID
    name: str
    size: int
    mime: str
    state: Literal["open", "checking", "done", "refused", "aborted", "expired"]
    part_size: int = Field(description="Bytes of each part but the last.")
    parts: int = Field(description="Numbered from 1.")
    arrived: int | None = Field(description="Bytes that are safe; null in lists.")
    missing: list[PartOut] | None = Field(
        description="The next parts to send, at most a hundred; null in lists."
    )
    asset: UUID | None
    error: UploadErrorOut | None = Field(description="Why it was refused.")
    job: UUID | None = Field(description="The check, where a Job does it.")
    created_at: datetime
    expires_at: datetime


def present_asset(asset: Asset) -> dict[str, Any]:
    return {
        "id": asset.pk,
        "kind": asset.kind,
        "name": asset.name,
        "mime": asset.mime,
        "size": asset.size,
        "width": asset.width,
        "height": asset.height,
        "is_animated": asset.is_animated,
        "duration": asset.duration,
        "fps": asset.fps,
        "pages": asset.pages,
        "has_sound": bool(asset.probe.get("audio_codec")),
        "alt_text": asset.alt_text,
        "folder": asset.folder,
        "tags": asset.tags,
        "focus": asset.focus,
        "cover_ms": asset.cover_ms,
        "urls": urls_of(asset),
        "created_at": asset.created_at,
        "deleted_at": asset.deleted_at,
    }


def urls_of(asset: Asset) -> dict[str, str]:
    """Where members' browsers find it, by form."""
    own = {"asset": asset.pk}
    found = {}
    if asset.has_picture:
        found = {form: reverse("media:image", kwargs={**own, "rendition": form}) for form in SHOWN}
    if asset.kind == Asset.Kind.VIDEO:
        found["stream"] = reverse("media:stream", kwargs=own)
    return {**found, "download": reverse("media:download", kwargs=own)}


def present_crop(box: Box) -> dict[str, float]:
    return box.to_json()


def present_use(use: usage.Use) -> dict[str, Any]:
    return {
        "kind": use.kind,
        "id": use.id,
        "title": use.title,
        "url": use.url,
        "state": use.state,
        "is_open": use.is_open,
        "at": use.at,
    }


def present_caption(caption: Caption) -> dict[str, Any]:
    return {
        "language": caption.language,
        "name": caption.name,
        "cues": caption.cues,
        "url": reverse(
            "media:caption", kwargs={"asset": caption.asset_id, "language": caption.language}
        ),
        "created_at": caption.created_at,
    }


def present_upload(upload: Upload, progress: uploads.Progress | None = None) -> dict[str, Any]:
    return {
        "id": upload.pk,
        "name": upload.name,
        "size": upload.size,
        "mime": upload.mime,
        "state": upload.state,
        "part_size": upload.part_size,
        "parts": upload.parts,
        "arrived": None if progress is None else progress.arrived,
        "missing": None
        if progress is None
        else [_present_part(upload, part) for part in progress.missing],
        "asset": upload.asset_id,
        "error": {"code": upload.error_code, "message": upload.error_message}
        if upload.error_code
        else None,
        "job": upload.job,
        "created_at": upload.created_at,
        "expires_at": upload.expires_at,
    }


def _present_part(upload: Upload, part: uploads.Part) -> dict[str, Any]:
    own = reverse("media_api:part", kwargs={"upload_id": upload.pk, "part": part.number})
    return {
        "number": part.number,
        "size": part.size,
        "url": part.url or own,
        "needs_credentials": not part.url,
    }
