"""The media library by REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from apps.errors import ValidationFailed
from apps.media import permissions, queries, usage
from apps.media.api.serializers import (
    AssetIn,
    AssetOut,
    AssetPatch,
    AssetQuery,
    CaptionIn,
    CaptionOut,
    CaptionsOut,
    CropOut,
    CropQuery,
    LibraryOut,
    UsageOut,
    present_asset,
    present_caption,
    present_crop,
    present_use,
)
from apps.media.services import assets, captions, renditions
from apps.workspaces.api import Page, Reply, WorkspaceView, operation, paginate_by_id
from apps.workspaces.api.inputs import StrictJSONParser

SEE = "workspace.view"
_ENVELOPE = 100_000  # what a multipart body has besides the file


class AssetsView(WorkspaceView):
    parser_classes = [MultiPartParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        length = request._request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.CANDY_MAX_IMAGE_BYTES + _ENVELOPE:
            raise RequestDataTooBig

    @operation("List files", permission=SEE, query=AssetQuery, returns=Page[AssetOut])
    def get(self, request: Request, *, query: AssetQuery) -> dict[str, Any]:
        def read(before: UUID | None, limit: int) -> list[Any]:
            rows = queries.assets(
                search=query.search,
                folder=query.folder,
                is_deep=query.deep,
                tag=query.tag,
                kind=query.kind,
                in_trash=query.trash,
                before=before,
            )
            return list(rows[:limit])

        return paginate_by_id(read, query, present=present_asset)

    @operation(
        "Upload a small file",
        permission=permissions.MANAGE,
        body=AssetIn,
        returns=AssetOut,
        status=201,
        multipart=True,
        in_transaction=False,
        description=(
            "An image, a short video or a document in one piece; larger ones as uploads. The same "
            "file again answers 200 with the one there is."
        ),
    )
    def post(self, request: Request, *, body: AssetIn) -> Reply:
        if not isinstance(body.file, UploadedFile):
            raise ValidationFailed("Send a file in this part.", field="file")
        asset, is_new = assets.upload(
            actor=self.actor,
            file=body.file,
            name=body.file.name or "file",
            alt_text=body.alt_text,
            folder=body.folder,
            tags=body.tags,
        )
        return Reply(present_asset(asset), 201 if is_new else 200)


class AssetView(WorkspaceView):
    parser_classes = [StrictJSONParser]

    @operation("Get a file", permission=SEE, returns=AssetOut)
    def get(self, request: Request, *, asset_id: UUID) -> dict[str, Any]:
        return present_asset(assets.get(asset_id))

    @operation(
        "Change a file's details",
        permission=permissions.MANAGE,
        body=AssetPatch,
        returns=AssetOut,
    )
    def patch(self, request: Request, *, asset_id: UUID, body: AssetPatch) -> dict[str, Any]:
        changes = body.model_dump(exclude_unset=True)
        row = assets.get(asset_id)
        if (cover := changes.pop("cover_ms", None)) is not None:
            row = assets.pick_cover(actor=self.actor, asset=row, milliseconds=cover)
        if "focus" in changes:
            row = assets.set_focus(actor=self.actor, asset=row, focus=changes.pop("focus"))
        if changes:
            row = assets.update(actor=self.actor, asset=row, **changes)
        return present_asset(row)

    @operation("Delete a file", permission=permissions.MANAGE, status=204)
    def delete(self, request: Request, *, asset_id: UUID) -> None:
        assets.delete(actor=self.actor, asset=asset_id)


class RestoreView(WorkspaceView):
    @operation("Restore a file", permission=permissions.MANAGE, returns=AssetOut)
    def post(self, request: Request, *, asset_id: UUID) -> dict[str, Any]:
        return present_asset(assets.restore(actor=self.actor, asset=asset_id))


class UsageView(WorkspaceView):
    @operation("List what uses a file", permission=SEE, returns=UsageOut)
    def get(self, request: Request, *, asset_id: UUID) -> dict[str, Any]:
        row = assets.get_with_trash(asset_id)
        return {"data": [present_use(use) for use in usage.of([row.pk])[row.pk]]}


class CropView(WorkspaceView):
    @operation(
        "Preview how a picture is cut",
        permission=SEE,
        query=CropQuery,
        returns=CropOut,
        description="What is kept for that shape: the focus that was set, else faces and logos.",
    )
    def get(self, request: Request, *, asset_id: UUID, query: CropQuery) -> dict[str, Any]:
        box = renditions.preview_crop(asset=assets.get(asset_id), ratio=query.ratio)
        return present_crop(box)


class CaptionsView(WorkspaceView):
    @operation("List a video's captions", permission=SEE, returns=CaptionsOut)
    def get(self, request: Request, *, asset_id: UUID) -> dict[str, Any]:
        return {"data": [present_caption(one) for one in assets.get(asset_id).captions.all()]}

    @operation(
        "Caption a video",
        permission=permissions.MANAGE,
        body=CaptionIn,
        returns=CaptionOut,
        status=201,
        description="WebVTT or SubRip. Captions that there are in this language are replaced.",
    )
    def post(self, request: Request, *, asset_id: UUID, body: CaptionIn) -> dict[str, Any]:
        made = captions.set_captions(actor=self.actor, asset=asset_id, **body.model_dump())
        return present_caption(made)


class CaptionView(WorkspaceView):
    @operation("Remove captions", permission=permissions.MANAGE, status=204)
    def delete(self, request: Request, *, asset_id: UUID, language: str) -> None:
        captions.remove_captions(actor=self.actor, asset=asset_id, language=language)


class LibraryView(WorkspaceView):
    @operation("Get the library's folders, tags and size", permission=SEE, returns=LibraryOut)
    def get(self, request: Request) -> dict[str, Any]:
        used = queries.storage_used()
        return {
            "folders": [{"path": path, "assets": count} for path, count in queries.folders()],
            "tags": queries.tags(),
            "used": used.total,
            "trash": used.trash,
            "allowed": settings.CANDY_MEDIA_BYTES_PER_WORKSPACE or None,
        }
