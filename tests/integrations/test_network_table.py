"""docs/networks.md says what the capability files say, on every day and for every network."""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path

from django.core.management import call_command

from apps.integrations import providers
from apps.integrations.providers.capabilities import MetricDef, PriceRule, QuotaRule
from apps.integrations.providers.table import as_markdown

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "networks.md"
NETWORKS = providers.all_publishers()


def test_the_page_in_the_documentation_is_the_capability_files() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == as_markdown(NETWORKS), (
        "A capability file changed: run `python manage.py networks --write`."
    )


def test_the_command_prints_the_same_page() -> None:
    out = StringIO()
    call_command("networks", stdout=out)
    assert out.getvalue() == as_markdown(NETWORKS)


def test_every_network_has_one_line_in_every_table() -> None:
    tables = as_markdown(NETWORKS).split("\n## ")[1:]
    assert len(tables) == 6
    for table in tables:
        lines = [line for line in table.splitlines() if line.startswith("|")]
        head, _, *rows = lines
        assert [row.split(" | ")[0].strip("| ") for row in rows] == sorted(
            (one.name for one in NETWORKS), key=str.casefold
        )
        columns = head.count(" | ")
        assert all(row.replace("\\|", "").count(" | ") == columns for row in rows), table


class Changed:
    """A network whose facts a test has changed."""

    def __init__(self, **changes: object) -> None:
        base = providers.get("x")
        self.name = base.name
        self.capabilities = base.capabilities.model_copy(update=changes)


def test_every_kind_of_fact_is_on_the_page() -> None:
    """The negative control: a fact that changes changes the page."""
    before = as_markdown([Changed()])  # type: ignore[list-item]
    facts = providers.get("x").capabilities
    changes: list[dict[str, object]] = [
        {"api": facts.api.model_copy(update={"sunset_on": date(2031, 1, 2)})},
        {"text": facts.text.model_copy(update={"limit": 281})},
        {"images": facts.images.model_copy(update={"max_count": 7})},
        {"video": None},
        {"thread": None},
        {"poll": None},
        {"first_comment": None},
        {"formats": facts.formats[1:]},
        {"options": facts.options[1:]},
        {"publishing": facts.publishing.model_copy(update={"promise": "keyed"})},
        {"quotas": (QuotaRule(name="a", label="A | b", scope="app", limit=3),)},
        {"prices": (PriceRule(usd=1.5, when="post", label="A post"),)},
        {"rates": ()},
        {
            "metrics": (
                MetricDef(name="a", label="A", remote="a", valid_until=date(2031, 1, 2)),
                *facts.metrics,
            )
        },
        {"access": facts.access.model_copy(update={"without_review": "Nothing."})},
        {"checked_on": date(2031, 1, 2)},
    ]
    for change in changes:
        assert as_markdown([Changed(**change)]) != before, change  # type: ignore[list-item]
