"""The same library on S3: by setting, with each workspace below its own prefix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from apps.media.services import assets
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
