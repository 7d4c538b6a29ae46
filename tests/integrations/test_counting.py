"""How each network counts, held to figures that the networks themselves publish."""

from __future__ import annotations

import pytest

from apps.integrations.providers.counting import RULES, measure

FAMILY = "👩‍👩‍👧"


@pytest.mark.parametrize(
    ("rule", "text", "per_url", "used"),
    [
        ("weighted", "Hello", 23, 5),
        ("weighted", "Grüße", 23, 5),
        ("weighted", "日本語", 23, 6),
        ("weighted", f"{FAMILY}", 23, 2),
        ("weighted", "👍🏽👍🏽", 23, 4),
        ("weighted", "🇩🇰", 23, 2),
        ("weighted", "See https://example.com/a/very/long/path?x=1.", 23, 28),
        ("weighted", "e\u0301", 23, 1),  # composed first
        ("weighted", "3 ©", 23, 3),  # digits and signs are no emoji by themselves
        ("graphemes", f"a{FAMILY}", None, 2),
        ("characters", f"a{FAMILY}", None, 6),
        ("bytes", "aü👍", None, 7),
        ("utf16", "aü👍", None, 4),
        ("emoji_as_bytes", "aü👍", None, 6),
        ("emoji_as_bytes", "12 日", None, 4),
        ("characters", "x https://example.com", 10, 12),
    ],
)
def test_a_rule_counts_as_the_network_does(
    rule: str, text: str, per_url: int | None, used: int
) -> None:
    assert measure(rule, text, per_url) == used


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_is_upset_by_broken_text(rule: str) -> None:
    assert measure(rule, "", 23) == 0
    assert measure(rule, "\ud800 \x00", None) > 0
