"""The receipt's picture is a screenshot of the frozen preview, taken apart from all else, once."""

from __future__ import annotations

import base64
import io
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from apps.integrations.models import Connection
from apps.knisoci import previews
from apps.knisoci.models import Approval, Target
from apps.knisoci.previews import document
from apps.knisoci.services import approving, channels, picturing, posts
from apps.knisoci.transitions import TargetState
from apps.media.errors import PageNotDrawn
from apps.media.services import assets, screenshots
from apps.orchestrator.models import Job
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.knisoci.conftest import run
from tests.media import samples

KEEP, RETAKE = "knisoci.keep_preview", "knisoci.retake_previews"


@pytest.fixture
def actor(in_workspace: Any, settings: Any, tmp_path: Any) -> Actor:
    settings.MEDIA_ROOT = tmp_path / "media"
    return Actor.system(in_workspace)


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Browsers put sockets there, whose paths may not be long."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def approved(actor: Actor) -> Any:
    def make(key: str = "mastodon", **content: Any) -> Approval:
        number = Connection.objects.count()
        connection = Connection.objects.create(
            provider=key,
            host=f"https://{key}{number}.example",
            remote_id=str(number),
            handle="@maren",
            name="Maren Bakes",
        )
        channel = channels.add(actor=actor, connection=connection)
        post = posts.create(actor=actor, title="A", variants=[{"channel": channel, **content}])
        target = Target.objects.get(post=post)
        approving.approve(actor=actor, target=target.pk)
        return Approval.objects.get(target=target)

    return make


def opened(row: Approval) -> Image.Image:
    return Image.open(io.BytesIO(previews.read_picture(row)))


def share(image: Image.Image, wanted: tuple[int, int, int]) -> float:
    """How much of `image` has a colour near `wanted`."""
    near = 0
    for number, color in image.convert("RGB").getcolors(1 << 24) or []:
        assert isinstance(color, tuple)
        if all(abs(a - b) < 16 for a, b in zip(color, wanted, strict=True)):
            near += number
    return near / (image.width * image.height)


@contextmanager
def listening() -> Iterator[tuple[int, list[Any]]]:
    """A port that counts who comes."""
    came: list[Any] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def accept() -> None:
            while True:
                try:
                    connection, peer = server.accept()
                except OSError:
                    return
                came.append(peer)
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], came


def test_a_screenshot_shows_the_card_as_wide_as_a_phones_preview_at_twice_the_size(
    approved: Any, actor: Actor
) -> None:
    asset, _ = assets.upload(
        actor=actor, file=samples.picture(size=(800, 800), color=(200, 30, 60)), name="a.jpg"
    )
    row = previews.keep(approved(text="Red, and all of it", media=[asset.pk]).pk)
    assert row is not None
    made = opened(row)
    assert (row.picture_kind, made.format, made.width) == ("screenshot", "PNG", 640)
    assert (made.width, made.height) == (row.picture_width, row.picture_height)
    assert share(made, (200, 30, 60)) > 0.3
    # The whole card and nothing else: its rounded corners are the picture's.
    alpha = made.convert("RGBA").getchannel("A")
    assert alpha.getbbox() == (0, 0, *made.size)
    corners = [(x, y) for x in (0, made.width - 1) for y in (0, made.height - 1)]
    assert [alpha.getpixel(at) for at in corners] == [0, 0, 0, 0]


def test_every_picture_of_a_carousel_and_the_cover_of_a_video_are_on_it(
    approved: Any, actor: Actor
) -> None:
    colors = [(200, 30, 60), (30, 60, 200), (20, 140, 60)]
    media = [
        assets.upload(actor=actor, file=samples.picture(size=(400, 400), color=one), name="a.jpg")[
            0
        ]
        for one in colors
    ]
    row = previews.keep(approved("instagram", text="Three", media=[one.pk for one in media]).pk)
    assert row is not None
    assert all(share(opened(row), one) > 0.01 for one in colors)
    video, _ = assets.upload(actor=actor, file=samples.video(), name="clip.mp4")
    shown = document.build(previews.shown(approved("tiktok", text="Watch", media=[video.pk])))
    assert re.search(r'<video[^>]*poster="data:image/webp;base64,', shown)


def test_a_screenshot_is_never_taken_again_and_survives_edits(
    approved: Any, actor: Actor, monkeypatch: Any
) -> None:
    row = approved(text="As it was approved")
    first = previews.keep(row.pk)
    assert first is not None
    before = previews.read_picture(first)
    monkeypatch.setattr(screenshots, "take", lambda **_: pytest.fail("Taken again."))
    target = row.target
    posts.save_variant(
        actor=actor, post=target.post, channel=target.channel, text="Different", media=[]
    )
    second = previews.keep(row.pk)
    assert second is not None
    assert (second.picture, second.picture_at) == (first.picture, first.picture_at)
    assert previews.read_picture(second) == before


def test_it_lies_under_its_content_below_the_workspaces_own_prefix(
    approved: Any, in_workspace: Any, other_workspace: Any
) -> None:
    row = previews.keep(approved(text="Mine").pk)
    assert row is not None
    assert re.fullmatch(
        rf"{in_workspace.schema_name}/approvals/[0-9a-f]{{64}}\.png", row.picture
    ), row.picture
    with workspace_context(other_workspace), pytest.raises(Exception, match=r".+"):
        default_storage.open(row.picture)


HOSTILE = """
<script>new Image().src='http://127.0.0.1:{port}/script'; document.body.innerHTML = ''</script>
<img src="http://127.0.0.1:{port}/img" onerror="location='http://127.0.0.1:{port}/error'">
<img src="http://localhost:{port}/name"><video src="http://127.0.0.1:{port}/video" autoplay></video>
<style>@import url(http://127.0.0.1:{port}/import); .look {{ background: url(http://127.0.0.1:{port}/css) }}
@font-face {{ font-family: x; src: url(http://127.0.0.1:{port}/font) }} * {{ font-family: x }}</style>
<p style="background: url(http://127.0.0.1:{port}/style)" onclick="alert(1)">Words</p>
<link rel="stylesheet" href="http://127.0.0.1:{port}/link"><iframe src="http://127.0.0.1:{port}/f"></iframe>
<object data="http://127.0.0.1:{port}/object"></object><svg><image href="http://127.0.0.1:{port}/s"/></svg>
<img src="file:///etc/passwd"><img src="data:image/svg+xml,<svg onload='fetch(1)'/>">
"""
AWAY = '<meta http-equiv="refresh" content="0; url=http://127.0.0.1:{port}/refresh">'


def test_a_hostile_preview_fetches_nothing_and_runs_nothing(approved: Any) -> None:
    """Both walls: what goes into the document, and the browser where it had got in anyway."""
    with listening() as (port, came):
        text, away = HOSTILE.format(port=port), AWAY.format(port=port)
        row = approved(text=text)
        row.html = f'<article class="look">{text}{away}</article>'
        row.save()
        cleaned = document.build(row.html)
        kept = previews.keep(row.pk)
        assert kept is not None
        assert kept.picture_kind == "screenshot"
        raw = document.build("").replace(
            "</div></body>",
            f'<article class="look" style="background: rgb(10, 200, 10)">{text}'
            "<script>document.querySelector('.look').style.background='red'</script>"
            "</article></div></body>",
        )
        made = screenshots.take(document=raw, select=".look", width=360)
        for wall in ("default-src 'none'; ", "img-src data:; ", "font-src data:; "):
            raw = raw.replace(wall, "")
        bare = screenshots.take(document=raw, select=".look", width=360)
        with suppress(PageNotDrawn):  # it leaves the page, and arrives nowhere
            screenshots.take(document=f"{away}<p class=look>x</p>", select=".look", width=360)
    body = cleaned.partition("<body>")[2]
    assert not re.search(
        r"<script|<style|<iframe|<link|<object|<meta|onerror|onclick|http://127", body
    )
    assert "file:" not in body
    assert "svg+xml" not in body
    for one in (made, bare):
        assert (
            share(Image.open(io.BytesIO(one.data)), (10, 200, 10)) > 0.3
        )  # no script painted it red
    assert came == []


def test_a_page_that_cannot_be_drawn_says_so_and_leaves_nothing(
    settings: Any, short_path: Path
) -> None:
    settings.CANDY_MEDIA_WORK_DIR = str(short_path)
    with pytest.raises(PageNotDrawn, match="nothing to draw"):
        screenshots.take(document="<p>Empty</p>", select=".look", width=360)
    settings.CANDY_CHROMIUM = "/bin/false"
    with pytest.raises(PageNotDrawn, match="ended"):
        screenshots.take(document="<p class=look>x</p>", select=".look", width=360)
    assert list(short_path.iterdir()) == []


def test_a_screenshot_that_fails_leaves_a_drawing_and_a_published_post(
    make_target: Any, settings: Any
) -> None:
    settings.CANDY_CHROMIUM = "/bin/false"
    target = make_target("It goes out")
    with pytest.raises(PageNotDrawn):
        picturing.keep(Approval.objects.get().pk)
    assert Approval.objects.get().picture_kind == "drawn"
    assert run(target).state == TargetState.PUBLISHED


def test_what_was_drawn_without_a_browser_is_taken_when_there_is_one(
    approved: Any, settings: Any
) -> None:
    settings.CANDY_CHROMIUM = "off"
    row = approved(text="Drawn first")
    assert picturing.keep(row.pk) == "drawn"
    assert picturing.keep(row.pk) == "drawn"
    look = Job.objects.get(action=RETAKE)  # one for the workspace, however many ask
    assert look.run_at.minute == 0
    assert picturing.retake() == 0
    settings.CANDY_CHROMIUM = ""
    assert picturing.retake() == 1
    assert picturing.retake() == 1  # looked at again, but tried once
    assert Job.objects.filter(action=KEEP, subject_id=str(row.pk)).count() == 2
    assert picturing.keep(row.pk) == "screenshot"
    assert picturing.retake() == 0


def test_the_receipt_shows_it_with_its_job_and_says_what_is_only_drawn(
    make_target: Any, client_for: Any, owner: Any, viewer: Any, outsider: Any, in_workspace: Any,
    settings: Any,
) -> None:  # fmt: skip
    target = make_target("Look at <me>", when=None)
    approving.approve(actor=Actor.system(in_workspace), target=target.pk)
    row = Approval.objects.get()
    page = f"/w/{in_workspace.slug}/publications/{target.pk}/"
    api = f"/api/v1/w/{in_workspace.slug}/targets/{target.pk}/receipt"
    png = f"{page}approvals/{row.pk}.png"
    client = client_for(owner)
    assert re.search(r"The screenshot is taken\s+<time", client.get(page).content.decode())
    with workspace_context(in_workspace):
        Job.objects.filter(action=KEEP).update(run_at=timezone.now() - timedelta(minutes=5))
    assert "The screenshot is taken soon" in client.get(page).content.decode()
    told = client.get(api).json()["approval"]["picture"]
    assert (told["kind"], told["job"], told["made_at"]) == (None, "scheduled", None)
    settings.CANDY_CHROMIUM = "off"
    with workspace_context(in_workspace):
        picturing.keep(row.pk)
    assert "Drawn; this installation has no browser" in client.get(page).content.decode()
    assert client.get(api).json()["approval"]["picture"]["kind"] == "drawn"
    assert "no-cache" in client.get(png)["Cache-Control"]
    settings.CANDY_CHROMIUM = ""
    with workspace_context(in_workspace):
        picturing.keep(row.pk)
    shown = client.get(page).content.decode()
    assert f'<img src="{png}" alt="The post as approved, for ' in shown
    assert "Look at &lt;me&gt;" in shown
    told = client.get(api).json()["approval"]["picture"]
    assert (told["kind"], told["width"]) == ("screenshot", 640)
    assert told["height"] > 100
    assert told["made_at"]
    data = base64.b64decode(
        client.get(f"/api/v1/w/{in_workspace.slug}/{told['address']}").json()["base64"]
    )
    answer = client_for(viewer).get(png)
    assert (answer["Content-Type"], answer.content) == ("image/png", data)
    assert "immutable" in answer["Cache-Control"]
    assert client_for(outsider).get(png).status_code in (302, 403, 404)
