"""Large files by REST: begin, PUT the parts, finish."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request

from apps.media import permissions, queries
from apps.media.api.serializers import UploadIn, UploadOut, present_upload
from apps.media.errors import BadPart
from apps.media.services import uploads
from apps.workspaces.api import ListQuery, Page, WorkspaceView, operation, paginate_by_id
from apps.workspaces.api.inputs import BytesParser

SEE = "workspace.view"


class UploadsView(WorkspaceView):
    @operation("List uploads", permission=SEE, query=ListQuery, returns=Page[UploadOut])
    def get(self, request: Request, *, query: ListQuery) -> dict[str, Any]:
        def read(before: UUID | None, limit: int) -> list[Any]:
            return list(queries.uploads(before=before)[:limit])

        return paginate_by_id(read, query, present=present_upload)

    @operation(
        "Begin an upload",
        permission=permissions.MANAGE,
        body=UploadIn,
        returns=UploadOut,
        status=201,
        in_transaction=False,
        description=(
            "For files of any size. PUT each of `missing` to its `url`, in any order and again "
            "after a lost connection; ask for the upload to learn what is still missing; then "
            "finish it."
        ),
    )
    def post(self, request: Request, *, body: UploadIn) -> dict[str, Any]:
        upload = uploads.start(actor=self.actor, **body.model_dump())
        return present_upload(upload, uploads.progress(upload))


class UploadView(WorkspaceView):
    @operation("Get an upload", permission=SEE, returns=UploadOut)
    def get(self, request: Request, *, upload_id: UUID) -> dict[str, Any]:
        upload = uploads.get(upload_id)
        return present_upload(upload, uploads.progress(upload))

    @operation("Give an upload up", permission=permissions.MANAGE, status=204)
    def delete(self, request: Request, *, upload_id: UUID) -> None:
        uploads.abort(actor=self.actor, upload=upload_id)


class PartView(WorkspaceView):
    parser_classes = [BytesParser]

    @operation(
        "Upload a part",
        permission=permissions.MANAGE,
        status=204,
        binary=True,
        kind="read",  # a large file has hundreds of them
        description="Exactly the part's bytes. The same part again takes the earlier one's place.",
    )
    def put(self, request: Request, *, upload_id: UUID, part: int) -> None:
        length = request._request.META.get("CONTENT_LENGTH") or "0"
        upload = uploads.get(upload_id)
        stream: Any = request.data
        if not hasattr(stream, "read"):
            raise BadPart("Send the part's bytes.", field="part")
        if 1 <= part <= upload.parts and length != str(upload.length_of(part)):
            raise BadPart(f"Part {part} must have {upload.length_of(part):,} bytes.", field="part")
        uploads.put_part(actor=self.actor, upload=upload, number=part, stream=stream)


class FinishView(WorkspaceView):
    @operation(
        "Finish an upload",
        permission=permissions.MANAGE,
        returns=UploadOut,
        in_transaction=False,
        description=(
            "Checks the file and keeps it. A video or a large file is `checking` until its job has "
            "ended: wait for the event `asset.uploaded` or `upload.refused`, or ask again."
        ),
    )
    def post(self, request: Request, *, upload_id: UUID) -> dict[str, Any]:
        upload = uploads.finish(actor=self.actor, upload=upload_id)
        return present_upload(upload, uploads.progress(upload))
