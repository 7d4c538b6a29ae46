"""Large files come in parts, survive what connections and servers do, and are judged like any other."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.errors import PermissionDenied
from apps.media import files
from apps.media.errors import (
    BadPart,
    FileTooLarge,
    PartMissing,
    StorageFull,
    TypeNotTaken,
    UploadOver,
    WrongDigest,
)
from apps.media.models import Asset, Upload
from apps.media.services import uploads
from apps.orchestrator.models import Event, Job
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.media import samples
from tests.media.conftest import stored_files


@pytest.fixture(autouse=True)
def _small_parts(settings: Any) -> None:
    settings.CANDY_UPLOAD_PART_BYTES = 4_000


def begin(actor: Actor, data: bytes, name: str = "photo.jpg", **more: Any) -> Upload:
    return uploads.start(actor=actor, name=name, size=len(data), **more)


def pieces(upload: Upload, data: bytes) -> Iterator[tuple[int, bytes]]:
    for number in range(1, upload.parts + 1):
        start = (number - 1) * upload.part_size
        yield number, data[start : start + upload.part_size]


def send(actor: Actor, upload: Upload, data: bytes) -> None:
    for number, piece in pieces(upload, data):
        uploads.put_part(actor=actor, upload=upload, number=number, stream=io.BytesIO(piece))


def test_parts_in_any_order_and_twice_become_the_file(actor: Actor, settings: Any) -> None:
    data = samples.noise((240, 180))
    upload = begin(actor, data, sha256=hashlib.sha256(data).hexdigest(), tags=["Spring"])
    parts = list(pieces(upload, data))
    assert len(parts) > 3
    for number, piece in [*reversed(parts), parts[1]]:
        uploads.put_part(actor=actor, upload=upload, number=number, stream=io.BytesIO(piece))
    done = uploads.finish(actor=actor, upload=upload)
    assert done.state == "done"
    assert (done.asset.kind, done.asset.tags) == ("image", ["spring"])
    assert (settings.MEDIA_ROOT / done.asset.original).read_bytes() == data
    assert not list(settings.MEDIA_ROOT.rglob("uploads/*/*"))
    assert uploads.finish(actor=actor, upload=upload).asset_id == done.asset_id


def test_after_a_lost_connection_only_what_is_missing_is_sent(actor: Actor) -> None:
    data = samples.noise((120, 90))
    upload = begin(actor, data)

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 2_000:
                raise ConnectionResetError
            return super().read(min(2_000, size or 2_000))

    parts = dict(pieces(upload, data))
    uploads.put_part(actor=actor, upload=upload, number=1, stream=io.BytesIO(parts[1]))
    with pytest.raises(ConnectionResetError):
        uploads.put_part(actor=actor, upload=upload, number=2, stream=Broken(parts[2]))
    with pytest.raises(PartMissing) as refused:
        uploads.finish(actor=actor, upload=upload)
    assert refused.value.params["missing"][0] == 2
    known = uploads.progress(uploads.get(upload.pk))  # as another process would ask
    assert known.arrived == 4_000
    assert [part.number for part in known.missing] == list(range(2, upload.parts + 1))
    for part in known.missing:
        piece = io.BytesIO(parts[part.number])
        uploads.put_part(actor=actor, upload=upload, number=part.number, stream=piece)
    assert uploads.finish(actor=actor, upload=upload).state == "done"


@pytest.mark.parametrize("length", [0, 3_999, 4_001, 9_000])
def test_a_part_of_another_length_is_not_kept(actor: Actor, settings: Any, length: int) -> None:
    upload = begin(actor, b"x" * 10_000)
    with pytest.raises(BadPart):
        uploads.put_part(actor=actor, upload=upload, number=1, stream=io.BytesIO(b"x" * length))
    assert uploads.progress(upload).arrived == 0
    assert stored_files(settings.MEDIA_ROOT) == []


@pytest.mark.parametrize("number", [0, 4, 10_001, -1])
def test_a_part_that_is_none_is_refused(actor: Actor, number: int) -> None:
    with pytest.raises(BadPart):
        uploads.put_part(
            actor=actor, upload=begin(actor, b"x" * 10_000), number=number, stream=io.BytesIO(b"x")
        )


def test_what_is_refused_says_why_and_leaves_nothing(actor: Actor, settings: Any) -> None:
    data = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>" * 100
    upload = begin(actor, data, name="logo.png")
    send(actor, upload, data)
    for _ in range(2):  # asking again gives the same answer
        with pytest.raises(TypeNotTaken):
            uploads.finish(actor=actor, upload=upload)
    row = uploads.get(upload.pk)
    assert (row.state, row.error_code) == ("refused", "type_not_taken")
    assert "SVG" in row.error_message
    assert stored_files(settings.MEDIA_ROOT) == []
    assert Event.objects.filter(kind="upload.refused").count() == 1
    assert not Asset.objects.exists()


def test_another_digest_than_announced_is_a_refusal(actor: Actor) -> None:
    data = samples.picture()
    upload = begin(actor, data, sha256="0" * 64)
    send(actor, upload, data)
    with pytest.raises(WrongDigest):
        uploads.finish(actor=actor, upload=upload)


def test_the_same_file_again_is_the_asset_there_is(actor: Actor, settings: Any) -> None:
    data = samples.noise((120, 90))
    found = []
    for _ in range(2):
        upload = begin(actor, data)
        send(actor, upload, data)
        found.append(uploads.finish(actor=actor, upload=upload).asset_id)
    assert found[0] == found[1]
    assert len([name for name in stored_files(settings.MEDIA_ROOT) if "originals" in name]) == 1


@pytest.mark.parametrize(
    ("name", "mime", "error"),
    [
        ("a.svg", "image/svg+xml", TypeNotTaken),
        ("a.exe", "", TypeNotTaken),
        ("a.mp3", "audio/mpeg", TypeNotTaken),
        ("big.jpg", "image/jpeg", FileTooLarge),
    ],
)
def test_what_will_be_refused_is_refused_before_it_is_sent(
    actor: Actor, settings: Any, name: str, mime: str, error: type[Exception]
) -> None:
    settings.CANDY_MAX_IMAGE_BYTES = 1_000
    with pytest.raises(error):
        uploads.start(actor=actor, name=name, size=5_000, mime=mime)
    assert not Upload.objects.exists()


def test_a_workspace_has_as_much_room_as_it_has(actor: Actor, settings: Any) -> None:
    settings.CANDY_MEDIA_BYTES_PER_WORKSPACE = 15_000
    begin(actor, b"x" * 10_000)
    with pytest.raises(StorageFull):  # what is on its way counts
        begin(actor, b"x" * 10_000)


def test_who_may_not_manage_files_begins_sends_and_ends_nothing(
    in_workspace: Any, actor: Actor, viewer: Any, actor_for: Any
) -> None:
    they, upload = actor_for(viewer, in_workspace), begin(actor, b"x" * 5_000)
    for attempt in (
        lambda: begin(they, b"x"),
        lambda: uploads.put_part(actor=they, upload=upload, number=1, stream=io.BytesIO(b"x")),
        lambda: uploads.finish(actor=they, upload=upload),
        lambda: uploads.abort(actor=they, upload=upload),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
    assert (Upload.objects.count(), uploads.get(upload.pk).state) == (1, "open")


def test_what_is_given_up_or_left_lying_is_removed(actor: Actor, settings: Any) -> None:
    data = b"x" * 10_000
    given_up, left = begin(actor, data), begin(actor, data)
    for upload in (given_up, left):
        uploads.put_part(actor=actor, upload=upload, number=1, stream=io.BytesIO(b"x" * 4_000))
    uploads.abort(actor=actor, upload=given_up)
    uploads.abort(actor=actor, upload=given_up)
    assert uploads.clean_up(actor=actor)["expired"] == 0
    later = timezone.now() + timedelta(hours=25)
    assert uploads.clean_up(actor=actor, now=later)["expired"] == 1
    assert stored_files(settings.MEDIA_ROOT) == []
    for upload, state in ((given_up, "aborted"), (left, "expired")):
        assert uploads.get(upload.pk).state == state
        with pytest.raises(UploadOver):
            uploads.put_part(actor=actor, upload=upload, number=1, stream=io.BytesIO(b"x" * 4_000))


def test_a_check_that_died_with_its_process_is_done_again(actor: Actor) -> None:
    data = samples.picture()
    upload = begin(actor, data)
    send(actor, upload, data)
    Upload.objects.filter(pk=upload.pk).update(state="checking")  # and then the lights went out
    assert uploads.clean_up(actor=actor)["checked_again"] == 0
    later = timezone.now() + timedelta(minutes=20)
    assert uploads.clean_up(actor=actor, now=later)["checked_again"] == 1
    job = Job.objects.get(action=uploads.CHECK)
    assert Job.objects.count() == 1
    assert uploads.complete(actor=actor, upload=job.input["upload"]).state == "done"


def test_a_check_that_can_never_end_is_given_up_in_the_end(actor: Actor) -> None:
    upload = begin(actor, samples.picture())
    Upload.objects.filter(pk=upload.pk).update(state="checking")  # and its parts are lost
    with pytest.raises(PartMissing):
        uploads.complete(actor=actor, upload=upload)
    assert uploads.get(upload.pk).state == "checking"
    uploads.clean_up(actor=actor, now=timezone.now() + timedelta(hours=25))
    assert uploads.get(upload.pk).state == "expired"


@pytest.mark.django_db(transaction=True)
def test_a_video_is_checked_by_a_job(actor: Actor, work: Callable[..., None]) -> None:
    data = samples.video()
    upload = begin(actor, data, name="clip.mp4", mime="video/mp4")
    send(actor, upload, data)
    waiting = uploads.finish(actor=actor, upload=upload)
    assert (waiting.state, waiting.asset_id) == ("checking", None)
    bad = samples.HOSTILE["a concat list"][0]() * 200
    refused = begin(actor, bad, name="list.mp4", mime="video/mp4")
    send(actor, refused, bad)
    uploads.finish(actor=actor, upload=refused)
    work()
    done = uploads.get(upload.pk)
    assert done.state == "done"
    assert (done.asset.kind, done.asset.width, done.asset.height) == ("video", 320, 240)
    assert done.asset.poster
    assert uploads.get(refused.pk).error_code == "video_not_taken"
    assert set(Job.objects.values_list("state", flat=True)) == {"succeeded"}


def test_folders_of_work_that_was_killed_are_swept(settings: Any, tmp_path: Any) -> None:
    settings.CANDY_MEDIA_WORK_DIR = str(tmp_path)
    for name in ("candy-media-old", "candy-media-new", "other"):
        (tmp_path / name).mkdir()
    for name in ("candy-media-old", "other"):
        os.utime(tmp_path / name, (0, 0))
    assert files.sweep() == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["candy-media-new", "other"]


def put(api: Any, address: str, data: bytes) -> Any:
    return api.client.put(
        address, data, content_type="application/octet-stream", headers=api.headers
    )


def test_the_whole_way_by_rest(api_for: Any, contributor: Any, workspace: Any) -> None:
    api, data = api_for(contributor), samples.noise((120, 90))
    begun = api.post("uploads", {"name": "a.jpg", "size": len(data), "folder": "Spring/May"})
    assert begun.status_code == 201, begun.content
    upload = begun.json()
    assert upload["arrived"] == 0
    for part in upload["missing"]:
        start = (part["number"] - 1) * upload["part_size"]
        assert part["needs_credentials"]
        sent = put(api, part["url"], data[start : start + part["size"]])
        assert (sent.status_code, sent.content) == (204, b"")
    assert api.get(f"uploads/{upload['id']}").json()["missing"] == []
    done = api.post(f"uploads/{upload['id']}/finish").json()
    assert done["state"] == "done"
    asset = api.get(f"assets/{done['asset']}").json()
    assert (asset["kind"], asset["folder"]) == ("image", "Spring/May")
    assert [row["id"] for row in api.get("uploads").json()["data"]] == [upload["id"]]


def test_rest_says_what_is_wrong(api_for: Any, contributor: Any, workspace: Any) -> None:
    api = api_for(contributor)
    assert api.post("uploads", {"name": "a.svg", "size": 9}).json()["error"]["field"] == "mime"
    upload = api.post("uploads", {"name": "a.jpg", "size": 6_000}).json()
    short = put(api, upload["missing"][0]["url"], b"x")
    assert (short.status_code, short.json()["error"]["code"]) == (422, "upload_bad_part")
    json = api.call("PUT", f"uploads/{upload['id']}/parts/1", {"a": 1})
    assert json.status_code == 415
    early = api.post(f"uploads/{upload['id']}/finish")
    assert (early.status_code, early.json()["error"]["code"]) == (409, "upload_part_missing")
    assert api.delete(f"uploads/{upload['id']}").status_code == 204
    late = put(api, upload["missing"][0]["url"], b"x" * 4_000)
    assert (late.status_code, late.json()["error"]["code"]) == (410, "upload_over")


def test_rest_is_for_those_who_may(
    api_for: Any,
    viewer: Any,
    contributor: Any,
    other_owner: Any,
    other_workspace: Any,
    workspace: Any,
) -> None:
    mine = api_for(contributor).post("uploads", {"name": "a.jpg", "size": 6_000}).json()
    path = f"uploads/{mine['id']}"
    watching = api_for(viewer)
    assert watching.get(path).status_code == 200
    assert watching.post("uploads", {"name": "a.jpg", "size": 9}).status_code == 403
    assert watching.delete(path).status_code == 403
    assert watching.post(f"{path}/finish").status_code == 403
    assert put(watching, mine["missing"][0]["url"], b"x" * 4_000).status_code == 403
    theirs = api_for(other_owner, on=other_workspace)
    assert theirs.get(path).status_code == 404
    assert theirs.delete(path).status_code == 404
    with workspace_context(workspace):
        assert uploads.progress(uploads.get(mine["id"])).arrived == 0
