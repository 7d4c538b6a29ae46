"""The library's pages: who may, what a mistake says, and what is done with many files at once."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.ids import uuid7
from apps.knisoci.services import channels, posts
from apps.media.models import Asset
from apps.media.services import assets, renditions, uploads
from apps.media.types import VideoSpec
from apps.media.web import shapes
from apps.orchestrator.models import Job
from apps.workspaces.types import Actor
from tests.knisoci.test_composer import image
from tests.knisoci.test_pages import BASE, Signed, client_for
from tests.media import samples

__all__ = ["client_for"]  # a fixture
HX = {"HX-Request": "true"}


@pytest.fixture
def actor(in_workspace: Any, settings: Any, tmp_path: Any) -> Actor:
    settings.MEDIA_ROOT = tmp_path
    return Actor.system(in_workspace)


@pytest.fixture
def tart(actor: Actor) -> Asset:
    row, _ = assets.upload(
        actor=actor, file=image("red", (400, 300)), name="tart.jpg", folder="Spring", tags=["tart"]
    )
    return row


def test_files_are_found_by_words_folder_tag_and_kind(
    tart: Asset, actor: Actor, viewer: Any, client_for: Signed
) -> None:
    assets.upload(actor=actor, file=image("blue"), name="cake.jpg")
    client = client_for(viewer)

    def names(**asked: str) -> list[str]:
        page = client.get(f"{BASE}/media/", asked).content.decode()
        return [name for name in ("tart.jpg", "cake.jpg") if f'data-name="{name}"' in page]

    assert names() == ["tart.jpg", "cake.jpg"]
    assert names(q="tart") == names(folder="Spring") == names(tag="tart") == ["tart.jpg"]
    assert names(kind="video") == []
    assert "Nothing like that here" in client.get(f"{BASE}/media/?q=zzz").content.decode()
    assert names(kind="nonsense", before="nonsense") == ["tart.jpg", "cake.jpg"]
    assert client.get(f"{BASE}/media/?q=%00").status_code == 200


def test_an_empty_library_says_what_it_is_for(
    actor: Actor, viewer: Any, contributor: Any, client_for: Signed
) -> None:
    assert "Your library is empty" in client_for(viewer).get(f"{BASE}/media/").content.decode()
    assert "library-files" not in client_for(viewer).get(f"{BASE}/media/").content.decode()
    assert "library-files" in client_for(contributor).get(f"{BASE}/media/").content.decode()


def test_a_file_opens_beside_the_page_and_as_a_page(
    tart: Asset, contributor: Any, client_for: Signed
) -> None:
    url = f"{BASE}/media/{tart.pk}/"
    panel = client_for(contributor).get(url, headers=HX).content.decode()
    assert "<html" not in panel
    assert "In no post yet" in panel
    assert "How it is cut" in panel
    assert "<html" in client_for(contributor).get(url).content.decode()
    assert client_for(contributor).get(f"{BASE}/media/{uuid.uuid4()}/").status_code == 404


def test_details_are_changed_and_a_mistake_keeps_what_was_typed(
    tart: Asset, contributor: Any, client_for: Signed
) -> None:
    url, client = f"{BASE}/media/{tart.pk}/", client_for(contributor)
    sent = {"name": "Rhubarb.jpg", "alt_text": "A tart", "folder": "Spring/New", "tags": "a, B,a"}
    assert client.post(url, sent, headers=HX).status_code == 200
    tart.refresh_from_db()
    assert (tart.name, tart.alt_text, tart.folder) == ("Rhubarb.jpg", "A tart", "Spring/New")
    assert tart.tags == ["a", "b"]
    refused = client.post(url, {**sent, "alt_text": "x" * 1501}, headers=HX)
    assert refused.status_code == 422
    assert "at most 1500" in refused.content.decode()
    assert "x" * 1501 in refused.content.decode()
    tart.refresh_from_db()
    assert tart.alt_text == "A tart"


def test_a_box_is_kept_in_the_picture_until_candy_may_choose_again(
    tart: Asset, contributor: Any, client_for: Signed
) -> None:
    url, client = f"{BASE}/media/{tart.pk}/focus/", client_for(contributor)
    box = {"x": "0.1", "y": "0.2", "width": "0.3", "height": "0.3"}
    assert client.post(url, box, headers=HX).status_code == 200
    tart.refresh_from_db()
    square = shapes.cuts(tart)[0]
    assert (square.width, square.height) == (300, 300)
    assert square.x == 0  # as far left as the box wants it
    for bad in ({}, {**box, "x": "left"}, {**box, "x": "7"}, {**box, "x": "nan"}):
        assert client.post(url, bad, headers=HX).status_code in (400, 422), bad
    client.post(url, {"clear": "1"}, headers=HX)
    tart.refresh_from_db()
    assert tart.focus is None


def test_a_cover_is_of_videos_and_a_number(
    tart: Asset, contributor: Any, client_for: Signed
) -> None:
    url, client = f"{BASE}/media/{tart.pk}/cover/", client_for(contributor)
    for moment in ("soon", "", "1" * 30, "100"):
        answer = client.post(url, {"milliseconds": moment}, headers=HX)
        assert 400 <= answer.status_code < 500, moment
        assert answer["X-Candy-Message"]


def test_many_files_are_moved_tagged_thrown_away_and_brought_back(
    tart: Asset, actor: Actor, contributor: Any, client_for: Signed
) -> None:
    cake, _ = assets.upload(actor=actor, file=image("blue"), name="cake.jpg")
    both, client = [str(tart.pk), str(cake.pk)], client_for(contributor)

    def do(**fields: Any) -> int:
        return int(client.post(f"{BASE}/media/bulk/", {"asset": both, **fields}).status_code)

    assert do(verb="move", folder="Autumn") == 204
    assert do(verb="tag", tag="sweet, new") == 204
    assert do(verb="untag", tag="new") == 204
    cake.refresh_from_db()
    assert (cake.folder, cake.tags) == ("Autumn", ["sweet"])
    assert do(verb="delete") == 204
    assert not Asset.objects.filter(deleted_at=None).exists()
    page = client.get(f"{BASE}/media/", {"trash": "1"}).content.decode()
    assert 'data-name="cake.jpg"' in page
    assert client.get(f"{BASE}/media/{cake.pk}/", headers=HX).status_code == 200
    assert do(verb="restore") == 204
    assert Asset.objects.filter(deleted_at=None).count() == 2
    assert do(verb="explode") == 404
    assert client.post(f"{BASE}/media/bulk/", {"verb": "delete"}).status_code == 422


@pytest.mark.parametrize("path", ["bulk/", "{pk}/", "{pk}/focus/", "{pk}/cover/"])
def test_only_who_may_manage_files_changes_anything(
    path: str,
    tart: Asset,
    viewer: Any,
    outsider: Any,
    other_owner: Any,
    client_for: Signed,
) -> None:
    sent = {
        "verb": "delete",
        "asset": str(tart.pk),
        "name": "Mine",
        "milliseconds": "1",
        "x": "0",
        "y": "0",
        "width": "1",
        "height": "1",
    }
    url = f"{BASE}/media/{path.format(pk=tart.pk)}"
    assert client_for(viewer).post(url, sent).status_code == 403
    for person in (outsider, other_owner):
        assert client_for(person).post(url, sent).status_code in (302, 403, 404)
    before = (tart.name, tart.focus, tart.deleted_at)
    tart.refresh_from_db()
    assert (tart.name, tart.focus, tart.deleted_at) == before


def test_an_unfinished_upload_is_offered_to_who_began_it(
    actor: Actor, contributor: Any, owner: Any, client_for: Signed, in_workspace: Any
) -> None:
    mine = Actor(
        kind="person",
        workspace_id=in_workspace.pk,
        user_id=contributor.pk,
        role="contributor",
        permissions=actor.permissions | {"assets.manage"},
    )
    uploads.start(actor=mine, name="film.mp4", size=5_000_000, mime="video/mp4")
    assert "film.mp4" in client_for(contributor).get(f"{BASE}/media/").content.decode()
    assert "film.mp4" not in client_for(owner).get(f"{BASE}/media/").content.decode()


def test_the_posts_that_use_a_file_are_named(
    tart: Asset, actor: Actor, contributor: Any, client_for: Signed
) -> None:
    from apps.integrations.models import Connection

    row = Connection.objects.create(
        provider="x", host="https://x.example", remote_id="1", handle="@m"
    )
    channel = channels.add(actor=actor, connection=row)
    posts.create(
        actor=actor,
        title="In the thread",
        variants=[
            {"channel": channel, "text": "Hi", "thread": [{"text": "", "media": [str(tart.pk)]}]}
        ],
    )
    posts.create(
        actor=actor,
        title="In the post",
        variants=[{"channel": channel, "text": "Hi", "media": [tart.pk]}],
    )
    page = client_for(contributor).get(f"{BASE}/media/{tart.pk}/", headers=HX).content.decode()
    assert "In the thread" in page
    assert "In the post" in page


def test_the_library_asks_no_more_with_more_files(
    tart: Asset, actor: Actor, owner: Any, client_for: Signed
) -> None:
    """Five files, and sixty of every kind in many folders with many tags: as many statements."""
    client = client_for(owner)
    counts = []
    for total in (5, 60):
        _fill(tart, up_to=total)
        client.get(f"{BASE}/media/")  # what is remembered between requests, is
        with CaptureQueriesContext(connection) as seen:
            page = client.get(f"{BASE}/media/").content.decode()
        assert page.count('class="asset-open"') == min(total, 48)
        counts.append(len(seen))
        with CaptureQueriesContext(connection) as seen:
            client.get(f"{BASE}/media/", {"before": str(uuid.UUID(int=2**128 - 1))}, headers=HX)
        counts.append(len(seen))
    assert counts[:2] == counts[2:]
    assert counts[0] <= 16


def _fill(like: Asset, *, up_to: int) -> None:
    """Rows only: what they look like is no matter here."""
    rows = []
    for number in range(Asset.objects.count(), up_to):
        row = Asset.objects.get(pk=like.pk)
        row.pk, row.sha256, row.name = uuid7(), f"{number:064x}", f"{number}.bin"
        row.kind = list(Asset.Kind.values)[number % 4]
        row.folder, row.tags = f"Folder {number}", [f"tag {number}"]
        rows.append(row)
    Asset.objects.bulk_create(rows)


def test_more_files_come_as_more_tiles(
    tart: Asset, owner: Any, client_for: Signed, monkeypatch: pytest.MonkeyPatch, actor: Actor
) -> None:
    from apps.media.web import library

    monkeypatch.setattr(library, "PAGE", 1)
    assets.upload(actor=actor, file=image("blue"), name="cake.jpg")
    client = client_for(owner)
    first = client.get(f"{BASE}/media/").content.decode()
    assert "cake.jpg" in first
    newest = Asset.objects.order_by("-id")[0]
    more = client.get(f"{BASE}/media/", {"before": str(newest.pk)}, headers=HX).content.decode()
    assert "tart.jpg" in more
    assert "<html" not in more


def test_how_far_the_forms_of_a_video_are_is_shown_until_all_are_made(
    actor: Actor, viewer: Any, outsider: Any, client_for: Signed
) -> None:
    film, _ = assets.upload(actor=actor, file=samples.video(), name="film.mp4")
    url, client = f"{BASE}/media/{film.pk}/", client_for(viewer)
    again = 'hx-trigger="every 2s"'
    assert again not in client.get(url, headers=HX).content.decode()
    waiting = [
        renditions.ensure(actor=actor, asset=film, spec=VideoSpec(max_width=width))
        for width in (100, 200)
    ]
    assert all(isinstance(one, renditions.Pending) for one in waiting)
    first, second = Job.objects.filter(action=renditions.ACTION).order_by("id")
    Job.objects.filter(pk=first.pk).update(progress=0.42, progress_message="Encoding")
    page = client.get(url, headers=HX).content.decode()
    assert again in page
    assert 'value="42"' in page
    assert "Encoding" in page
    assert "Waiting to be made" in page
    assert client_for(outsider).get(f"{url}making/").status_code in (302, 403, 404)
    Job.objects.filter(pk__in=(first.pk, second.pk)).update(state="succeeded")
    done = client.get(f"{url}making/", headers=HX).content.decode()
    assert again not in done
    assert "<progress" not in done
