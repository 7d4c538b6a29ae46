"""Capability files and notes of every network: dated, whole, and usable by everything that reads them."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.integrations import providers
from apps.integrations.models import Connection
from apps.integrations.providers.base import Account, PublishProvider
from apps.integrations.providers.counting import RULES
from apps.integrations.services import sunsets
from apps.knisoci.web import shaping
from apps.orchestrator.models import Event

NETWORKS = providers.all_publishers()
each = pytest.mark.parametrize("network", NETWORKS, ids=lambda one: one.key)
CHECKED = date(2026, 1, 1)  # a file that nobody has looked at this year is no fact


def readme(network: PublishProvider) -> str:
    return (network.folder / "README.md").read_text(encoding="utf-8")


@each
def test_facts_have_a_day_and_a_source(network: PublishProvider) -> None:
    facts = network.capabilities
    assert CHECKED <= facts.checked_on <= datetime.now(UTC).date()
    assert facts.sources
    assert all(len(one) > 3 for one in facts.sources)
    assert facts.api.version
    assert facts.access.review
    assert facts.access.without_review
    if facts.api.released_on and facts.api.sunset_on:
        assert facts.api.released_on < facts.api.sunset_on
    assert facts.api.alarm_days >= 60


@each
def test_every_number_has_its_dates_and_one_meaning(network: PublishProvider) -> None:
    """A metric's first day is its own or the day the file was checked; its last day is its own."""
    facts = network.capabilities
    for one in facts.metrics:
        assert one.name == one.name.strip().lower()
        assert one.label
        assert one.remote
        if one.valid_from and one.valid_until:
            assert one.valid_from <= one.valid_until
        if one.valid_until:
            assert one.is_live(one.valid_until)
            assert not one.is_live(one.valid_until + timedelta(days=1))
        else:
            assert one.is_live(max(one.valid_from or facts.checked_on, facts.checked_on))
    live = facts.live_metrics(facts.checked_on)
    seen = [(one.name, kind) for one in live for kind in one.formats or ("",)]
    assert len(seen) == len(set(seen)), "one name, two remote ones on the same day"
    keys = {one.key for one in facts.formats}
    assert {key for one in facts.metrics for key in one.formats} <= keys


@each
def test_quotas_rates_and_prices_are_well_formed(network: PublishProvider) -> None:
    facts = network.capabilities
    keys = {one.key for one in facts.formats}
    for quota in facts.quotas:
        assert quota.limit > 0
        assert quota.seconds > 0
        assert 0 < quota.units <= quota.limit
        assert quota.label
        assert set(quota.formats) <= keys
        if quota.resets != "rolling":
            assert quota.seconds == 86_400
    names = [(one.name, one.role) for one in facts.quotas]
    assert len(names) == len(set(names))
    rates = [(one.scope, one.endpoint, one.seconds) for one in facts.rates]
    assert len(rates) == len(set(rates))
    assert all(one.limit > 0 and one.seconds > 0 for one in facts.rates)
    assert all(bool(one.label) == (one.endpoint != "all") for one in facts.rates)
    prices = [one.when for one in facts.prices]
    assert len(prices) == len(set(prices))
    assert all(0 < one.usd < 10 and one.label for one in facts.prices)


@each
def test_limits_fit_together(network: PublishProvider) -> None:
    facts = network.capabilities
    assert facts.text.counting in RULES
    assert facts.formats
    keys = [one.key for one in facts.formats]
    assert len(keys) == len(set(keys))
    for one in facts.formats:
        assert one.label
        assert one.min_media <= one.max_media
        assert bool(one.takes) is (one.max_media > 0), one.key
        if "video" in one.takes:
            assert one.video or facts.video
        if "document" in one.takes:
            assert facts.document
    if facts.video:
        assert 0 <= facts.video.min_seconds < facts.video.max_seconds
    if facts.poll:
        assert 2 <= facts.poll.min_options <= facts.poll.max_options
        assert facts.poll.min_minutes <= facts.poll.max_minutes
        assert all(
            facts.poll.min_minutes <= one <= facts.poll.max_minutes for one in facts.poll.minutes
        )
    if facts.first_comment:
        assert facts.first_comment.counting in RULES


@each
def test_every_choice_can_be_drawn(network: PublishProvider) -> None:
    facts = network.capabilities
    names = [one.name for one in facts.options]
    assert len(names) == len(set(names))
    keys = {one.key for one in facts.formats}
    lists = {
        one.choices_from: [["a", "A"], ["b", "B"]] for one in facts.options if one.choices_from
    }
    account = Account("1", "@m", "M", limits=lists)
    for option in facts.options:
        assert option.label
        assert set(option.formats) <= keys
        if option.kind == "select":
            assert option.choices or option.choices_from, option.name
            values = [value for value, _ in option.choices]
            assert len(values) == len(set(values))
            assert not option.default or option.default in values or option.choices_from
        if option.kind == "toggle":
            assert isinstance(option.default, bool), option.name
        if option.only_if:
            other, _, value = option.only_if.partition("=")
            (depends,) = [one for one in facts.options if one.name == other]
            assert not value or value in [one for one, _ in depends.choices]
    for key in keys:
        drawn = shaping.options(facts, account, {}, key, "option-x-")
        assert len(drawn) == len(facts.options)


@each
def test_the_notes_say_what_an_operator_needs(network: PublishProvider) -> None:
    text = readme(network)
    assert text.startswith(f"# {network.name}\n")
    words = text.lower()
    if network.oauth:
        callback = f"`<public address>/connect/{network.callback or network.key}/callback`"
        assert f"**Redirect address**: {callback}" in text
        assert "**Scopes**" in text or "Scopes `" in text
    if network.app_fields:
        assert re.search(r"\*\*App( set-up)?\*\*", text)
        assert re.search(r"\b(secret|keys?)\b", words), "what to copy from the app"
    assert re.search(r"review|audit|vetted", words), "what is reviewed, and what works without"
    assert "**Once" in text
    assert "**Numbers" in text
    assert "**Not here**" in text
    assert "In the sandbox" in text


@each
def test_the_folder_is_whole(network: PublishProvider) -> None:
    for name in ("capability.json", "icon.svg", "README.md", "provider.py", "simulator.py"):
        assert (network.folder / name).is_file()
    icon = network.icon
    assert icon.startswith("<svg ")
    assert not re.search(r"<script|\son\w+=|javascript:|<foreignObject|href=", icon)


@each
def test_recorded_shapes_are_there_and_name_their_source(network: PublishProvider) -> None:
    files = sorted((Path(network.folder) / "fixtures").glob("*.json"))
    assert len(files) >= 3
    for file in files:
        assert json.loads(file.read_text(encoding="utf-8")), file.name
        assert not re.search(r"(?i)bearer [a-z0-9]{20}", file.read_text(encoding="utf-8"))


# --- The alarm -----------------------------------------------------------------------------------


ENDING = [one for one in NETWORKS if one.capabilities.api.sunset_on]


def test_some_networks_have_named_a_last_day() -> None:
    assert {one.key for one in ENDING} >= {"linkedin", "facebook", "instagram"}


@pytest.mark.parametrize("network", ENDING, ids=lambda one: one.key)
def test_the_alarm_rings_sixty_days_before_the_last_day_and_not_earlier(
    network: PublishProvider, in_workspace: Any
) -> None:
    Connection.objects.create(
        provider=network.key, host="https://x.example", remote_id="1", handle="@m"
    )
    last = network.capabilities.api.sunset_on
    assert last is not None
    said = Event.objects.filter(kind=sunsets.KIND, subject_id=network.key)
    rung = []
    for days in range(70, -1, -1):  # the daily look; the second of a day says nothing new
        before = said.count()
        sunsets.announce(today=last - timedelta(days=days))
        sunsets.announce(today=last - timedelta(days=days))
        if said.count() > before:
            assert said.count() == before + 1
            rung.append(days)
    assert rung == [60, 30, 14, 7, 1, 0]
    assert all(f"{last:%d %B %Y}" in one.summary for one in said)


def test_networks_that_nobody_uses_ring_nothing(in_workspace: Any) -> None:
    assert sunsets.announce(today=date(2100, 1, 1)) == 0
