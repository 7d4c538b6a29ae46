"""The flight check says before the time what would fail, why, and what mends it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.models import Connection
from apps.integrations.providers.capabilities import Access, ApiVersion, PriceRule
from apps.knisoci import actions
from apps.knisoci.errors import BadBudget
from apps.knisoci.events import warn
from apps.knisoci.models import Channel, Target
from apps.knisoci.services import budgets, channels, flight, posts, warning
from apps.knisoci.transitions import TargetState
from apps.knisoci.types import FlightCheckInput
from apps.orchestrator.models import Event, Job
from apps.orchestrator.types import ActionContext
from apps.studio.models import Notification
from apps.workspaces.types import Actor
from tests.knisoci.conftest import again, run

S = TargetState


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Change what Mastodon's capability file says."""
    network = providers.get("mastodon")

    def change(**what: Any) -> None:
        changed = network.capabilities.model_copy(update=what)
        monkeypatch.setitem(network.__dict__, "capabilities", changed)

    return change


def codes(target: Target) -> dict[str, str]:
    return {one.code: one.level for one in flight.check(again(target)).reasons}


def in_days(days: float) -> Any:
    return timezone.now() + timedelta(days=days)


def test_a_fine_post_is_green_at_once_and_says_where_it_goes(make_target: Any) -> None:
    target = make_target("All is well", when=in_days(3))
    assert target.flight["level"] == "green"
    assert target.flight["notes"] == ["This goes to the sandbox, not to the real network."]
    assert target.flight["format"] == "text"


def test_it_is_checked_a_day_and_a_quarter_of_an_hour_ahead(make_target: Any) -> None:
    target = make_target("Ahead", when=in_days(3))
    at = Job.objects.filter(action="knisoci.flight_check").order_by("run_at")
    assert [target.due_at - one.run_at for one in at] == [
        timedelta(hours=24),
        timedelta(minutes=15),
    ]
    soon = make_target("Soon", when=in_days(1 / 24))
    assert Job.objects.filter(action="knisoci.flight_check").count() == 3
    make_target("Now")
    assert Job.objects.filter(action="knisoci.flight_check").count() == 3
    assert soon.flight["level"] == "green"


def _check(target: Target, actor: Actor, workspace: Any) -> Any:
    given = FlightCheckInput(target=target.pk, revision=target.revision)
    return actions.clock.flight_check(ActionContext(actor=actor, workspace=workspace), given)


def test_a_check_of_an_older_revision_does_nothing(
    make_target: Any, channel: Channel, actor: Any, in_workspace: Any
) -> None:
    target = make_target("Old", when=in_days(2))
    posts.save_variant(actor=actor, post=target.post, channel=channel, text="New")
    assert _check(target, actor, in_workspace).level == ""
    assert _check(again(target), actor, in_workspace).level == "green"


def test_a_dead_token_is_found_ahead_and_told_once_by_bell_and_mail(
    make_target: Any, actor: Any, owner: Any, in_workspace: Any, network: Any
) -> None:
    target = make_target("Tomorrow", when=in_days(2))
    network.control(scenario="revoked")
    assert _check(target, actor, in_workspace).level == "red"
    row = again(target)
    if row.state == S.SCHEDULED:
        assert _check(row, actor, in_workspace).level == "red"
    told = Event.objects.filter(kind="post.flight_red")
    assert told.count() == 1
    assert "not connected" in told.get().summary
    from apps.studio.events import notify_members

    notify_members(told.get())
    assert Notification.objects.filter(person=owner, kind="post.flight_red").exists()
    warn(told.get())
    warn(told.get())
    assert Job.objects.filter(action="knisoci.warn").count() == 1
    assert warning.send(target=row.pk, revision=row.revision) >= 1
    letter = mail.outbox[0]
    assert owner.email in {address for one in mail.outbox for address in one.to}
    assert "will not go out as it stands" in letter.subject
    assert "is not connected" in letter.body
    assert f"/targets/{row.pk}" in letter.body or str(row.pk) in letter.body


def test_no_mail_goes_out_about_what_was_mended(make_target: Any, actor: Any) -> None:
    target = make_target("Mended", when=in_days(2))
    assert warning.send(target=target.pk, revision=target.revision) == 0
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("days_left", "level"), [(100, None), (59, "amber"), (1, "amber"), (-1, "red")]
)
def test_the_end_of_an_interface_is_seen_60_days_ahead(
    make_target: Any, facts: Any, days_left: int, level: str | None
) -> None:
    due = in_days(10)
    ends: date = due.date() + timedelta(days=days_left)
    facts(api=ApiVersion(version="9", sunset_on=ends))
    assert codes(make_target("Late", when=due)).get("api_sunset") == level


def test_a_sign_in_that_ends_before_the_time_is_red_where_nothing_renews_it(
    make_target: Any,
) -> None:
    target = make_target("Later", when=in_days(20))
    Connection.objects.update(expires_at=in_days(10))
    found = codes(target)
    from apps.integrations.providers.base import PublishProvider

    renews = type(providers.get("mastodon")).refresh is not PublishProvider.refresh
    assert found.get("token_ends") == (None if renews else "red")


def test_a_right_that_was_not_granted_is_red_for_what_needs_it(
    make_target: Any, facts: Any
) -> None:
    scopes = {"post": ("write:statuses",), "comment": ("write:replies",)}
    facts(access=Access.model_validate({"scopes": scopes}))
    plain = make_target("Plain", when=in_days(3))
    more = make_target("With a comment", when=in_days(3), first_comment="Here")
    Connection.objects.update(scopes=[])
    assert codes(more).get("scopes") is None  # the network never said what it granted
    Connection.objects.update(scopes=["write:statuses"])
    assert "scopes" not in codes(plain)
    assert codes(more)["scopes"] == "red"


def test_the_same_words_within_days_are_amber(make_target: Any) -> None:
    make_target("Again and again", when=in_days(3))
    assert codes(make_target("Again and again", when=in_days(5)))["duplicate"] == "amber"
    assert "duplicate" not in codes(make_target("Again and again", when=in_days(20)))


def test_brakes_are_red_with_the_verb_that_lets_go(
    make_target: Any, channel: Channel, actor: Any
) -> None:
    target = make_target("Held up", when=in_days(3))
    channels.pause(actor=actor, channel=channel)
    (reason,) = flight.check(again(target)).reasons
    assert (reason.level, reason.code, reason.repair) == (
        "red",
        "paused",
        "knisoci.resume_channel",
    )


def test_a_network_that_fetches_files_cannot_from_a_machine_of_ones_own(
    make_target: Any, facts: Any, actor: Any, settings: Any
) -> None:
    from apps.media.services import assets
    from tests.media import samples

    settings.CANDY_PUBLIC_URL = "http://localhost:8000"
    publishing = providers.get("mastodon").capabilities.publishing
    facts(publishing=publishing.model_copy(update={"pulls_media": True}))
    asset, _ = assets.upload(actor=actor, file=samples.picture(), name="a.jpg", alt_text="Red")
    target = make_target("With a picture", when=in_days(3), media=[asset.pk])
    assert "media_address" not in codes(target)  # the sandbox is beside us
    settings.CANDY_SANDBOX_URL = "http://elsewhere.example"
    found = flight.check(again(target))
    (reason,) = [one for one in found.reasons if one.code == "media_address"]
    assert reason.level == "red"
    assert "cannot reach this installation at http://localhost:8000" in reason.message
    settings.CANDY_PUBLIC_URL = "https://candy.example.com"
    assert "media_address" not in codes(target)


class TestBudget:
    """What networks charge is shown before, summed after, and held to the month's budget."""

    @pytest.fixture(autouse=True)
    def _priced(self, facts: Any) -> None:
        facts(
            prices=(
                PriceRule(usd=0.01, when="post", label="A post"),
                PriceRule(usd=0.2, when="post_with_link", label="With a link"),
            )
        )

    def test_the_price_is_shown_for_every_part_and_kept(self, make_target: Any) -> None:
        target = make_target(
            "See https://example.com", when=in_days(0.1), thread=[{"text": "More"}]
        )
        assert target.price_usd == Decimal("0.21")
        assert "Mastodon charges $0.21 for this post." in target.flight["notes"]

    def test_a_free_network_has_no_price(self, make_target: Any, facts: Any) -> None:
        facts(prices=())
        assert make_target("Free", when=in_days(1)).price_usd == 0

    def test_what_is_spent_and_planned_counts_up_to_the_budget(
        self, make_target: Any, actor: Any
    ) -> None:
        budgets.set_limit(actor=actor, usd="0.05")
        assert run(make_target("Out")).state == S.PUBLISHED
        levels = [
            codes(make_target(f"Planned {n}", when=timezone.now() + timedelta(minutes=2 + n))).get(
                "budget"
            )
            for n in range(5)
        ]
        assert levels == [None, None, None, "amber", "red"]
        now = budgets.standing()
        assert (now.limit, now.spent) == (Decimal("0.05"), Decimal("0.01"))

    def test_beyond_the_budget_nothing_is_sent(
        self, make_target: Any, actor: Any, network: Any
    ) -> None:
        budgets.set_limit(actor=actor, usd="0.01")
        first, second = make_target("One"), make_target("Two")
        assert run(first).state == S.PUBLISHED
        held = run(second)
        assert (held.state, held.hold_reason) == (S.HELD, "budget")
        assert network.posts() == 1
        budgets.set_limit(actor=actor, usd=None)
        posts.publish_now(actor=actor, target=second.pk)
        assert run(second).state == S.PUBLISHED

    @pytest.mark.parametrize("amount", ["-1", "much", "1e12", "nan"])
    def test_nonsense_is_refused(self, actor: Any, amount: str) -> None:
        with pytest.raises(BadBudget):
            budgets.set_limit(actor=actor, usd=amount)
