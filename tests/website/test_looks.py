"""The pages for everybody in a real browser."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
@pytest.mark.parametrize("path", ["/", "/design/", "/no-such-page"])
def test_a_page_shuts_nobody_out_and_fits(path, theme, width, owner, look):
    owner.is_staff = True
    owner.save(update_fields=["is_staff"])
    with look(path, user=owner, theme=theme, width=width) as sight:
        sight.page.wait_for_load_state("networkidle")
        assert sight.serious() == []
        assert sight.overflow() <= 0
        ours = [text for text in sight.complaints if "status of 404" not in text]
        assert ours == []


def test_strangers_see_the_same(db, look):
    with look("/", theme="light", width=390) as sight:
        assert sight.serious() == []
        assert sight.overflow() <= 0


def test_charts_are_drawn_in_the_theme_and_told_in_a_table(owner, look):
    owner.is_staff = True
    owner.save(update_fields=["is_staff"])
    with look("/design/", user=owner) as sight:
        sight.page.wait_for_selector("figure[data-ready] canvas")
        table = sight.page.locator("figure table").first
        assert table.locator("tbody tr").count() == 2
        assert "Mastodon" in table.inner_text()
