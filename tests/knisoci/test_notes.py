"""What a network's adapter wants people to know stands with the publication."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.knisoci.stage import S, Stage, finish
from tests.knisoci.test_pages import BASE, Signed, client_for

__all__ = ["client_for"]  # a fixture


@pytest.mark.parametrize("key", ["tiktok"])
@pytest.mark.parametrize("fault", ["success", "accept_then_drop"])
def test_a_draft_in_the_inbox_is_said_to_wait_there(
    stage: Stage, fault: str, client_for: Signed, owner: Any
) -> None:
    target = stage.target(replace(stage.sample("Finish me"), options={}))
    stage.control(fault, nth=1)
    done = finish(stage, target)
    assert (done.state, done.permalink) == (S.PUBLISHED, "")
    client = client_for(owner)
    for page in (f"{BASE}/posts/{done.post_id}/", f"{BASE}/publications/{done.pk}/"):
        answer = client.get(page)
        assert answer.status_code == 200
        assert "TikTok inbox" in answer.content.decode()


@pytest.mark.parametrize("key", ["youtube"])
def test_captions_that_were_not_taken_are_told_with_a_video_that_is_out(
    stage: Stage, client_for: Signed, owner: Any
) -> None:
    sample = stage.sample("Read along")
    (film,) = sample.media
    broken = replace(film, captions=lambda: b"no captions at all", captions_language="en")
    done = finish(stage, stage.target(replace(sample, media=(broken,))))
    assert (done.state, stage.count()) == (S.PUBLISHED, (1, 0))
    client = client_for(owner)
    for page in (f"{BASE}/posts/{done.post_id}/", f"{BASE}/publications/{done.pk}/"):
        assert "did not take the captions" in client.get(page).content.decode()
