"""Assets in a workspace: kept once, described, handed out safely, gone when deleted."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from apps.errors import PermissionDenied
from apps.media import queries
from apps.media.errors import (
    AltTextTooLong,
    AssetNotFound,
    BadDetails,
    FileEmpty,
    FileTooLarge,
    TypeNotTaken,
)
from apps.media.models import Asset, Rendition
from apps.media.services import assets
from apps.media.types import SHOWN, RenditionSpec
from apps.workspaces.tenancy import reverse, workspace_context
from apps.workspaces.types import Actor
from tests.media import samples


@pytest.fixture(autouse=True)
def _files_in_a_folder_of_their_own(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def actor(in_workspace: Any) -> Actor:
    return Actor.system(in_workspace)


def test_an_upload_is_kept_with_its_original_and_a_clean_master(actor: Actor) -> None:
    sent = samples.with_location()
    asset, is_new = assets.upload(
        actor=actor, file=io.BytesIO(sent), name="../../etc/Strand \x00.JPG", alt_text=" A beach "
    )
    assert is_new
    assert (asset.name, asset.alt_text) == ("Strand .JPG", "A beach")
    assert (asset.width, asset.height, asset.mime) == (40, 80, "image/jpeg")
    assert not Image.open(io.BytesIO(assets.read(asset))).getexif()
    assert asset.original_size == len(sent)
    assert asset.master.startswith(actor_schema(actor))


def actor_schema(actor: Actor) -> str:
    return f"ws_{actor.workspace_id}/"


def test_the_same_bytes_twice_are_one_asset(actor: Actor) -> None:
    data = samples.picture()
    first, new = assets.upload(actor=actor, file=data, name="a.jpg")
    again, new_again = assets.upload(actor=actor, file=data, name="b.jpg")
    assert (first.pk, new, new_again) == (again.pk, True, False)
    assets.delete(actor=actor, asset=first)
    _, new_after_delete = assets.upload(actor=actor, file=data, name="c.jpg")
    assert new_after_delete


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", FileEmpty),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", TypeNotTaken),
        (b"x" * 2_000, FileTooLarge),
    ],
)
def test_bad_files_are_refused_and_leave_nothing(
    actor: Actor, settings: Any, tmp_path: Any, data: bytes, error: type[Exception]
) -> None:
    settings.CANDY_MAX_IMAGE_BYTES = 1_000
    with pytest.raises(error) as refused:
        assets.upload(actor=actor, file=data, name="photo.png")
    assert refused.value.field == "file"  # type: ignore[attr-defined]
    assert not Asset.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_reader_is_read_no_further_than_the_cap(actor: Actor, settings: Any) -> None:
    settings.CANDY_MAX_IMAGE_BYTES = 1_000
    endless = io.BytesIO(b"\xff" * 50_000)
    with pytest.raises(FileTooLarge):
        assets.upload(actor=actor, file=endless, name="x.jpg")
    assert endless.tell() == 1_001


def test_details_have_limits(actor: Actor) -> None:
    asset, _ = assets.upload(actor=actor, file=samples.picture(), name="a.jpg")
    with pytest.raises(AltTextTooLong):
        assets.update(actor=actor, asset=asset, alt_text="x" * 1_501)
    with pytest.raises(BadDetails):
        assets.update(actor=actor, asset=asset, tags=["x" * 41])
    changed = assets.update(actor=actor, asset=asset, tags=["Spring", "spring ", "Sale"])
    assert changed.tags == ["sale", "spring"]
    assert [row.pk for row in queries.assets(tag="SPRING")] == [asset.pk]
    assert queries.tags() == ["sale", "spring"]


def test_a_rendition_is_made_once(actor: Actor) -> None:
    asset, _ = assets.upload(actor=actor, file=samples.noise((400, 300)), name="a.jpg")
    spec = RenditionSpec(mimes=("image/jpeg",), max_side=100)
    made = assets.rendition(asset=asset, spec=spec)
    assert max(made.width, made.height) == 100
    assert assets.rendition(asset=asset, spec=spec).pk == made.pk
    assert Rendition.objects.count() == 1


def test_a_post_keeps_the_order_of_its_images_and_a_deleted_one(actor: Actor) -> None:
    made = [
        assets.upload(actor=actor, file=samples.picture(color=color), name=f"{color}.jpg")[0]
        for color in ("red", "green", "blue")
    ]
    assets.delete(actor=actor, asset=made[1])
    wanted = [made[2].pk, made[1].pk, made[0].pk]
    assert [asset.pk for asset in queries.in_order(wanted)] == wanted
    assert len(queries.assets()) == 2
    with pytest.raises(AssetNotFound):
        queries.in_order([actor_id()])


def actor_id() -> str:
    return "00000000-0000-7000-8000-000000000000"


def test_only_those_who_may_can_upload(in_workspace: Any, viewer: Any, actor_for: Any) -> None:
    with pytest.raises(PermissionDenied):
        assets.upload(actor=actor_for(viewer, in_workspace), file=samples.picture(), name="a.jpg")
    assert not Asset.objects.exists()


def address(workspace: Any, asset: Asset, which: str = "thumb") -> str:
    return reverse(
        "media:image", workspace=workspace, kwargs={"asset": asset.pk, "rendition": which}
    )


@pytest.fixture
def asset(workspace: Any) -> Asset:
    with workspace_context(workspace):
        made, _ = assets.upload(
            actor=Actor.system(workspace), file=samples.noise((600, 400)), name="Café & co.jpg"
        )
    return made


@pytest.mark.parametrize("which", sorted(SHOWN))
def test_a_member_gets_an_image_that_can_do_no_harm(
    workspace: Any, viewer: Any, client_for: Any, asset: Asset, which: str
) -> None:
    response = client_for(viewer).get(address(workspace, asset, which))
    assert response.status_code == 200
    assert response["Content-Type"].startswith("image/")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "private" in response["Cache-Control"]
    Image.open(io.BytesIO(response.content)).verify()
    again = client_for(viewer).get(
        address(workspace, asset, which), headers={"If-None-Match": response["ETag"]}
    )
    assert again.status_code == 304


def test_nobody_else_gets_it(
    workspace: Any,
    other_workspace: Any,
    outsider: Any,
    other_owner: Any,
    client: Any,
    client_for: Any,
    asset: Asset,
) -> None:
    assert client.get(address(workspace, asset)).status_code == 302
    assert client_for(outsider).get(address(workspace, asset)).status_code == 404
    assert client_for(other_owner).get(address(workspace, asset)).status_code == 404
    assert client_for(other_owner).get(address(other_workspace, asset)).status_code == 404


def test_an_unknown_rendition_is_not_found(
    workspace: Any, viewer: Any, client_for: Any, asset: Asset
) -> None:
    assert client_for(viewer).get(address(workspace, asset, "original")).status_code == 404
