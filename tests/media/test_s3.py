"""The same library on S3: by setting, with each workspace below its own prefix."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import httpx
import pytest
from django.utils import timezone
from moto.server import ThreadedMotoServer

from apps.media.errors import TypeNotTaken
from apps.media.services import assets, handout, renditions, uploads
from apps.media.types import SHOWN
from apps.workspaces.tenancy import reverse, workspace_context
from apps.workspaces.types import Actor
from tests.media import samples

BUCKET = "candy-media"


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket=BUCKET)
    yield client
    server.stop()


@pytest.fixture
def on_s3(s3: Any, settings: Any) -> Any:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "apps.workspaces.tenancy.storage.WorkspaceS3Storage",
            "OPTIONS": {
                "bucket_name": BUCKET,
                "endpoint_url": s3.meta.endpoint_url,
                "access_key": "test",
                "secret_key": "test",
                "region_name": "us-east-1",
            },
        },
    }
    return s3


def keys(s3: Any) -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_images_are_kept_and_handed_out_from_s3(
    on_s3: Any, workspace: Any, other_workspace: Any, viewer: Any, client_for: Any
) -> None:
    with workspace_context(workspace):
        asset, _ = assets.upload(
            actor=Actor.system(workspace), file=samples.noise((500, 300)), name="a.jpg"
        )
        made = assets.rendition(asset=asset, spec=SHOWN["thumb"])
        assert len(assets.read(made)) == made.size
    with workspace_context(other_workspace):
        twin, _ = assets.upload(
            actor=Actor.system(other_workspace), file=samples.noise((500, 300)), name="a.jpg"
        )
        assets.rendition(asset=twin, spec=SHOWN["thumb"])
    stored = keys(on_s3)
    for place in (workspace, other_workspace):
        own = [key for key in stored if key.startswith(f"{place.schema_name}/")]
        assert len(own) == 3, stored  # original, master, rendition
    address = reverse(
        "media:image", workspace=workspace, kwargs={"asset": asset.pk, "rendition": "thumb"}
    )
    response = client_for(viewer).get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "image/webp")


def open_uploads(s3: Any) -> list[Any]:
    return list(s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


@pytest.fixture
def big() -> bytes:
    """More than one part as S3 wants them: 5 MiB and what is left."""
    return samples.noise((1_400, 1_400), "PNG", compress_level=0)


def test_a_browser_sends_the_parts_to_s3_itself(
    on_s3: Any, in_workspace: Any, settings: Any, big: bytes
) -> None:
    settings.CANDY_UPLOAD_PART_BYTES = 5 * 1024 * 1024
    actor = Actor.system(in_workspace)
    upload = uploads.start(actor=actor, name="big.png", size=len(big), mime="image/png")
    assert upload.parts == 2
    first, second = uploads.progress(upload).missing
    assert first.url.startswith(on_s3.meta.endpoint_url)
    answer = httpx.put(first.url, content=big[: first.size])
    assert answer.status_code == 200, answer.text
    # The connection is lost, the page is opened again: S3 itself knows what has arrived.
    known = uploads.progress(uploads.get(upload.pk))
    assert (known.arrived, [part.number for part in known.missing]) == (first.size, [2])
    httpx.put(second.url, content=big[first.size :]).raise_for_status()
    done = uploads.finish(actor=actor, upload=upload)
    assert done.state == "done"
    assert done.asset.original == upload.file
    whole = on_s3.get_object(Bucket=BUCKET, Key=done.asset.original)["Body"].read()
    assert whole == big
    assert open_uploads(on_s3) == []


def test_a_part_may_go_through_us_too(
    on_s3: Any, in_workspace: Any, big: bytes, settings: Any
) -> None:
    settings.CANDY_UPLOAD_PART_BYTES = 5 * 1024 * 1024
    actor = Actor.system(in_workspace)
    upload = uploads.start(actor=actor, name="big.png", size=len(big), mime="image/png")
    for part in uploads.progress(upload).missing:
        start = (part.number - 1) * upload.part_size
        piece = io.BytesIO(big[start : start + part.size])
        uploads.put_part(actor=actor, upload=upload, number=part.number, stream=piece)
    assert uploads.progress(upload).arrived == len(big)
    uploads.abort(actor=actor, upload=upload)


def test_what_is_refused_given_up_or_left_leaves_nothing_in_s3(
    on_s3: Any, in_workspace: Any
) -> None:
    actor, bad = Actor.system(in_workspace), b"<svg/>" * 100
    before = keys(on_s3)
    refused = uploads.start(actor=actor, name="a.png", size=len(bad))
    httpx.put(uploads.progress(refused).missing[0].url, content=bad).raise_for_status()
    with pytest.raises(TypeNotTaken):
        uploads.finish(actor=actor, upload=refused)
    given_up = uploads.start(actor=actor, name="b.png", size=100)
    uploads.abort(actor=actor, upload=given_up)
    uploads.start(actor=actor, name="c.png", size=100)
    uploads.clean_up(actor=actor, now=timezone.now() + timedelta(days=2))
    mine = [one for one in open_uploads(on_s3) if one["Key"].startswith(in_workspace.schema_name)]
    assert (keys(on_s3), mine) == (before, [])


def test_parts_of_a_file_are_read_as_such(on_s3: Any, in_workspace: Any) -> None:
    actor, data = Actor.system(in_workspace), samples.video()
    asset, _ = assets.upload(actor=actor, file=data, name="clip.mp4")
    whole = assets.read(asset)
    assert handout.read_part(asset, 100, 50) == whole[100:150]
    assert handout.read_part(asset, len(whole) - 10, 50) == whole[-10:]
    assert handout.read_part(asset, len(whole) + 5, 50) == b""


def test_networks_fetch_from_s3_itself(on_s3: Any, in_workspace: Any) -> None:
    actor = Actor.system(in_workspace)
    asset, _ = assets.upload(actor=actor, file=samples.noise((300, 200)), name="Café.jpg")
    made = renditions.image(asset=asset, spec=SHOWN["card"])
    answer = httpx.get(handout.public_url(made, seconds=60))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.content == assets.read(made)


def test_a_player_gets_ranges_out_of_s3(
    on_s3: Any, workspace: Any, viewer: Any, client_for: Callable[..., Any]
) -> None:
    with workspace_context(workspace):
        asset, _ = assets.upload(
            actor=Actor.system(workspace), file=samples.video(), name="clip.mp4"
        )
        whole = assets.read(asset)
    address = reverse("media:stream", workspace=workspace, kwargs={"asset": asset.pk})
    response = client_for(viewer).get(address, headers={"Range": "bytes=5-9"})
    assert (response.status_code, response.content) == (206, whole[5:10])
