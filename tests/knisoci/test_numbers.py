"""Numbers come back, wrong ones do not spoil right ones, and dashboards stay cheap."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.integrations.providers import get
from apps.integrations.providers.base import ErrorKind, ProviderError
from apps.knisoci import insights, queries
from apps.knisoci.models import Campaign, MetricSnapshot, Post, Target, Variant
from apps.knisoci.services import flight, metrics
from apps.orchestrator import Retryable
from apps.orchestrator.models import Job
from tests.knisoci.conftest import again, run


def due_now() -> None:
    Target.objects.update(next_metrics_at=timezone.now())


def test_numbers_of_a_published_post_come_back_and_are_planned_again(
    make_target: Any, network: Any, channel: Any
) -> None:
    target = run(make_target("Count me"))
    wait = target.next_metrics_at - target.published_at
    assert wait == timedelta(seconds=15)  # a sandbox; real networks are asked after an hour
    network.control(clock_offset=7200)
    due_now()
    assert metrics.sync(account=channel.connection_id) == 1
    done = again(target)
    assert done.metrics["likes"] > 0
    assert done.next_metrics_at > timezone.now()
    assert MetricSnapshot.objects.get().values == done.metrics
    assert Job.objects.filter(action="knisoci.sync_metrics", state="scheduled").count() >= 1


def test_many_posts_of_an_account_are_one_job(make_target: Any, network: Any) -> None:
    for n in range(4):
        run(make_target(f"Post {n}"))
    assert Job.objects.filter(action="knisoci.sync_metrics").count() <= 2


def test_one_dead_number_does_not_break_the_others(
    make_target: Any, network: Any, channel: Any, monkeypatch: Any
) -> None:
    good, bad = run(make_target("Good")), run(make_target("Bad"))
    due_now()

    def answer(self: Any, credentials: Any, account: Any, ids: Any, client: Any) -> Any:
        if bad.remote_id in ids:
            raise ProviderError(ErrorKind.VALIDATION, "(#100) metric no longer exists")
        return {one: {"likes": 5, "impressions": None, "reach": "gone"} for one in ids}

    monkeypatch.setattr(type(get("mastodon")), "metrics", answer)
    assert metrics.sync(account=channel.connection_id) == 1
    assert again(good).metrics == {"likes": 5}
    assert again(bad).metrics == {}
    assert again(bad).next_metrics_at > timezone.now()


def test_a_busy_network_is_asked_again(
    make_target: Any, network: Any, channel: Any, monkeypatch: Any
) -> None:
    run(make_target("Busy"))
    due_now()
    at = timezone.now() + timedelta(minutes=3)

    def busy(*args: Any) -> Any:
        raise ProviderError(ErrorKind.RATE_LIMITED, "Slow down", retry_at=at)

    monkeypatch.setattr(type(get("mastodon")), "metrics", busy)
    with pytest.raises(Retryable) as again_at:
        metrics.sync(account=channel.connection_id)
    assert again_at.value.retry_at == at


@pytest.fixture
def month(make_target: Any, make_channel: Any) -> Any:
    """Published posts with numbers over two channels, and scheduled ones."""
    other = make_channel("jonas")
    now = timezone.now()
    for n in range(12):
        target = make_target(
            f"Post {n}", when=now + timedelta(days=n + 1), on=other if n % 3 else None
        )
        if n < 8:
            at = now - timedelta(days=n)
            values = {"likes": n, "replies": 1}
            Target.objects.filter(pk=target.pk).update(
                state="published", remote_id=str(n), published_at=at, due_at=at, metrics=values
            )
            MetricSnapshot.objects.create(target=target, at=at, values=values)
    return now


def test_the_dashboard_takes_few_statements_and_adds_up(month: Any) -> None:
    start = month - timedelta(days=30)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        totals = insights.totals(start=start)
        per_channel = insights.by_channel(start=start)
        series = insights.series(days=30, zone=ZoneInfo("Europe/Berlin"))
        top = insights.top_posts(start=start)
        list(queries.upcoming())
        list(queries.needs_attention())
    assert len(seen) <= 12
    assert (totals.published, totals.scheduled) == (8, 4)
    assert totals.metrics == {"likes": sum(range(8)), "replies": 8}
    assert totals.engagement == sum(range(8)) + 8
    assert sum(one.engagement for one in per_channel) == totals.engagement
    assert sum(series.published) == 8
    assert series.engagement[-1] == totals.engagement
    assert top[0]["metrics"]["likes"] == 7


def test_the_calendar_and_the_list_take_the_same_statements_for_any_number(month: Any) -> None:
    with CaptureQueriesContext(connection) as few:
        entries = queries.calendar(start=month - timedelta(days=31), end=month + timedelta(days=31))
        queries.channels().count()
    assert len(entries) == 12
    assert len(few) == 2
    with CaptureQueriesContext(connection) as listed:
        rows = queries.posts(limit=50)
    assert len(listed) == 1
    assert len(rows) == 12
    assert {row.state for row in rows} == {"published", "scheduled"}
    page = queries.posts(limit=5, before=rows[4].id)
    assert [row.id for row in page] == [row.id for row in rows[5:10]]
    assert len(queries.posts(state="scheduled")) == 4
    assert [row.title for row in queries.posts(search="post 11")] == ["Post 11"]


def test_the_list_is_narrowed_by_each_filter_and_by_all_of_them(month: Any) -> None:
    post = Post.objects.get(title="Post 3")
    there = post.variants.get().channel
    post.campaign = Campaign.objects.create(name="Spring")
    post.save()
    Variant.objects.filter(post=post).update(text="half of it: 50% off, a_b")
    bare = Post.objects.create(title="No text yet")

    assert [row.title for row in queries.posts(campaign=post.campaign_id)] == ["Post 3"]
    assert queries.posts(campaign=post.campaign_id)[0].campaign == "Spring"
    assert post.pk in {row.id for row in queries.posts(channel=there.pk)}
    assert bare.pk not in {row.id for row in queries.posts(channel=there.pk)}
    assert queries.posts(channel=bare.pk) == []
    assert [row.title for row in queries.posts(search="50% OFF")] == ["Post 3"]
    assert queries.posts(search="5%off") == queries.posts(search="axb") == []
    both = queries.posts(channel=there.pk, campaign=post.campaign_id, search="a_b", limit=1)
    assert [row.excerpt for row in both] == ["half of it: 50% off, a_b"]
    newest = queries.posts(limit=1)[0]
    assert (newest.id, newest.state, newest.targets, newest.next_at) == (bare.pk, "draft", [], None)


def test_the_composer_loads_in_two_statements(make_target: Any) -> None:
    target = make_target("Compose")
    with CaptureQueriesContext(connection) as seen:
        post = queries.composer(target.post_id)
        sheet = post.sheets[0]
        assert (sheet.target.state, sheet.channel.connection.provider) == ("scheduled", "mastodon")
    assert len(seen) == 2


def test_the_flight_check_sees_what_will_go_wrong(
    make_target: Any, network: Any, channel: Any, actor: Any
) -> None:
    target = make_target("Take off", when=timezone.now() + timedelta(days=1))
    assert flight.check(target).level == "green"
    twin = make_target("Take off", when=timezone.now() + timedelta(days=2))
    amber = flight.check(twin)
    assert (amber.level, amber.reasons[0].code) == ("amber", "duplicate")
    target.variant.text = "x" * 600
    red = flight.check(target)
    assert red.level == "red"
    assert red.reasons[0].repair == "compose"
    network.control(scenario="revoked")
    lost = flight.check_and_keep(target=again(target), ask_network=True)
    assert (lost.level, lost.reasons[0].code) == ("red", "disconnected")
    assert again(target).flight["level"] == "red"
