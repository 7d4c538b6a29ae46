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
from apps.media import permissions, queries
from apps.media.api.serializers import AssetIn, AssetOut, AssetPatch, AssetQuery, present_asset
from apps.media.services import assets
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

    @operation("List images", permission=SEE, query=AssetQuery, returns=Page[AssetOut])
    def get(self, request: Request, *, query: AssetQuery) -> dict[str, Any]:
        def read(before: UUID | None, limit: int) -> list[Any]:
            rows = queries.assets(
                search=query.search, folder=query.folder, tag=query.tag, before=before
            )
            return list(rows[:limit])

        return paginate_by_id(read, query, present=present_asset)

    @operation(
        "Upload an image",
        permission=permissions.MANAGE,
        body=AssetIn,
        returns=AssetOut,
        status=201,
        multipart=True,
        in_transaction=False,
        description="JPEG, PNG, WebP or GIF. The same file again answers 200 with the image there is.",
    )
    def post(self, request: Request, *, body: AssetIn) -> Reply:
        if not isinstance(body.file, UploadedFile):
            raise ValidationFailed("Send a file in this part.", field="file")
        asset, is_new = assets.upload(
            actor=self.actor,
            file=body.file,
            name=body.file.name or "image",
            alt_text=body.alt_text,
            folder=body.folder,
            tags=body.tags,
        )
        return Reply(present_asset(asset), 201 if is_new else 200)


class AssetView(WorkspaceView):
    parser_classes = [StrictJSONParser]

    @operation("Get an image", permission=SEE, returns=AssetOut)
    def get(self, request: Request, *, asset_id: UUID) -> dict[str, Any]:
        return present_asset(assets.get(asset_id))

    @operation(
        "Change an image's details",
        permission=permissions.MANAGE,
        body=AssetPatch,
        returns=AssetOut,
    )
    def patch(self, request: Request, *, asset_id: UUID, body: AssetPatch) -> dict[str, Any]:
        changes = body.model_dump(exclude_unset=True)
        return present_asset(assets.update(actor=self.actor, asset=asset_id, **changes))

    @operation("Delete an image", permission=permissions.MANAGE, status=204)
    def delete(self, request: Request, *, asset_id: UUID) -> None:
        assets.delete(actor=self.actor, asset=asset_id)
