"""The receipt keeps what was approved, and every call of every part with what it meant."""

from __future__ import annotations

import base64
import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from apps.knisoci import previews
from apps.knisoci.api.presenters import present_receipt
from apps.knisoci.models import Approval, Channel, Target
from apps.knisoci.previews import fonts, picture
from apps.knisoci.services import approving, posts
from apps.knisoci.transitions import TargetState
from apps.media.services import assets
from apps.orchestrator.models import Job
from tests.knisoci.conftest import again, run
from tests.media import samples

S = TargetState


@pytest.fixture(autouse=True)
def _no_browser(settings: Any) -> None:
    """What is drawn where there is none; screenshots have tests of their own."""
    settings.CANDY_CHROMIUM = "off"


def later() -> Any:
    return timezone.now() + timedelta(hours=2)


def test_what_was_approved_survives_later_edits(
    make_target: Any, channel: Channel, actor: Any
) -> None:
    asset, _ = assets.upload(
        actor=actor, file=samples.picture(color="navy"), name="sea.jpg", alt_text="The sea"
    )
    target = make_target(
        "The words that were approved",
        when=later(),
        media=[asset.pk],
        thread=[{"text": "And the second part"}],
        first_comment="And a comment",
        options={"visibility": "unlisted"},
    )
    kept = previews.keep(Approval.objects.get().pk)
    assert kept is not None
    before = (kept.content_hash, kept.html, previews.read_picture(kept))
    posts.save_variant(
        actor=actor, post=target.post, channel=channel, text="Quite different", media=[], thread=[]
    )
    assets.update(actor=actor, asset=asset, alt_text="A lake")
    first, second = Approval.objects.order_by("approved_at")
    again_kept = previews.keep(first.pk)
    assert again_kept is not None
    assert (first.content_hash, again_kept.html, previews.read_picture(first)) == before
    assert "The words that were approved" in first.html
    assert "And the second part" in first.html
    shot = first.snapshot
    assert shot["text"] == "The words that were approved"
    assert shot["media"] == [str(asset.pk)]
    assert shot["files"][str(asset.pk)]["alt_text"] == "The sea"
    assert shot["options"] == {"visibility": "unlisted"}
    assert second.snapshot["text"] == "Quite different"
    assert approving.latest(again(target)) == second


def test_the_preview_is_drawn_by_a_job_of_the_same_commit(make_target: Any) -> None:
    make_target("Draw me", when=later())
    job = Job.objects.get(action="knisoci.keep_preview")
    assert job.queue == "media"
    assert job.input == {"approval": str(Approval.objects.get().pk)}


def test_moving_a_post_is_no_new_approval(make_target: Any, actor: Any) -> None:
    target = make_target("Same words", when=later())
    posts.reschedule(actor=actor, target=target.pk, when=later() + timedelta(days=1))
    assert Approval.objects.count() == 1
    assert Job.objects.filter(action="knisoci.keep_preview").count() == 1


def test_the_picture_shows_the_text_and_the_image(make_target: Any, actor: Any) -> None:
    asset, _ = assets.upload(
        actor=actor, file=samples.picture(size=(640, 480), color=(200, 30, 60)), name="a.jpg"
    )
    bare = make_target("Short", when=later())
    full = make_target("Short", when=later(), media=[asset.pk], thread=[{"text": "More\n" * 20}])
    drawn = {}
    for target in (bare, full):
        data = previews.read_picture(Approval.objects.get(target=target))
        drawn[target.pk] = Image.open(io.BytesIO(data))
    small, tall = drawn[bare.pk], drawn[full.pk]
    assert small.format == "PNG"
    assert tall.height > small.height + 480
    seen = tall.convert("RGB").getcolors(1 << 24) or []
    assert sum(n for n, color in seen if _near(color, (200, 30, 60))) > 200_000


def _near(color: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(color, wanted, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "Grüße, naïve façade",
        "你好，世界",
        "Привет",
        "\u0000weird\u202e",
        "x" * 5000,
        "🎉 party",
        "",
    ],
    ids=["latin", "chinese", "cyrillic", "control", "endless", "emoji", "empty"],
)
def test_any_text_can_be_drawn(text: str) -> None:
    drawn = Image.open(io.BytesIO(picture.draw(shot_of(text))))
    assert drawn.width == picture.WIDTH
    assert drawn.height <= picture.MOST


@pytest.mark.parametrize("lines", [1, 2, 20, 33, 34, 35, 90, 500])
def test_paper_that_grows_shows_what_paper_that_is_large_shows(
    lines: int, monkeypatch: Any
) -> None:
    shot = shot_of("\n".join(f"Line {number}" for number in range(lines)))
    grown = picture.draw(shot)
    monkeypatch.setattr(picture, "FIRST", picture.MOST)
    assert grown == picture.draw(shot)


def shot_of(text: str) -> dict[str, Any]:
    return {
        "provider": "mastodon",
        "account": {"name": "Maren", "handle": "@maren"},
        "text": text,
        "media": [],
        "files": {},
        "options": {},
        "thread": [],
        "poll": {"options": ["Yes", "No"], "minutes": 60, "multiple": False},
        "first_comment": text,
    }


def test_what_no_font_has_is_written_as_its_name(monkeypatch: Any) -> None:
    assert fonts.runs("\u200b\u202e\x00", 20) == []
    monkeypatch.setattr(fonts, "font_for", lambda letter, size: None)
    ((shown, _),) = fonts.runs("\U0001f389", 20)
    assert shown == "[party popper]"


def test_a_network_that_was_taken_away_still_has_its_receipts(make_target: Any) -> None:
    make_target("Old network", when=later())
    row = Approval.objects.get()
    shot = {**row.snapshot, "provider": "gone"}
    assert picture.draw(shot).startswith(b"\x89PNG")


def test_calls_stand_under_the_part_that_made_them(make_target: Any) -> None:
    from apps.knisoci import queries
    from apps.knisoci.api.targets import target_out

    target = run(make_target("First", thread=[{"text": "Second"}], first_comment="Third"))
    assert (target.state, target.parts_done) == (S.PUBLISHED, 3)
    found = queries.receipt(target.pk)
    shown = present_receipt(found, target_out(target.pk), approving.latest(found.target))
    assert [one["part"] for one in shown["attempts"]] == [0, 1, 2]
    sent = [one for one in shown["lines"] if one["method"] == "POST"]
    assert [one["part"] for one in sent] == [0, 1, 2]
    assert {one["meaning"] for one in sent} == {"Done"}
    assert shown["approval"]["is_current"] is True
    assert shown["approval"]["content"]["text"] == "First"


def test_the_picture_comes_by_api(
    make_target: Any, client_for: Any, owner: Any, in_workspace: Any
) -> None:
    target: Target = make_target("By program", when=later())
    kept = Approval.objects.get()
    other = make_target("Another", when=later())
    client = client_for(owner)
    base = f"/api/v1/w/{in_workspace.slug}/targets"
    answer = client.get(f"{base}/{target.pk}/approvals/{kept.pk}/picture")
    assert answer.status_code == 200, answer.content
    assert base64.b64decode(answer.json()["base64"]).startswith(b"\x89PNG")
    assert client.get(f"{base}/{other.pk}/approvals/{kept.pk}/picture").status_code == 404
