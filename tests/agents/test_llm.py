"""Asking models: routes, retries, fallback, prices, ledger and the budget, over real HTTP."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, SecretStr

from apps.agents.llm import BudgetExceeded, ModelsUnavailable, NoModel, Purpose, ask
from apps.agents.llm.prices import cost_micros, price_of, table
from apps.agents.llm.types import ModelRef
from apps.agents.models import Budget, ModelUsage, SpendingMonth
from tests.support.openai_server import Reply, scripted_model

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("allow_scripted_models")]


class Pong(BaseModel):
    word: str


GOOD = Reply({"word": "pong"})


@pytest.fixture(autouse=True)
def _fast(settings, monkeypatch):
    settings.CANDY_LLM_TIMEOUT = 20
    monkeypatch.setattr("apps.agents.llm.asking._pause", lambda seconds: None)


@pytest.fixture
def priced(monkeypatch):
    """Local servers have no price of their own; these tests give "cheap" one: $1 in, $10 out."""
    monkeypatch.setattr(
        "apps.agents.llm.prices.price_of", lambda ref: (1.0, 10.0) if ref.model == "cheap" else None
    )


def ref(server, model="cheap", *, trusted=True):
    return ModelRef(
        "openai", model, SecretStr("sk-test-0123456789abcdef"), server.url, trusted=trusted
    )


def ping(actor, *models, **kwargs):
    return ask(
        actor=actor, purpose=Purpose.WRITE, instructions="Answer.", prompt=kwargs.pop("prompt", "ping"),
        output=Pong, max_tokens=100, models=list(models), **kwargs,
    )  # fmt: skip


def test_an_answer_is_typed_priced_and_in_the_ledger(actor, priced):
    with scripted_model(Reply({"word": "pong"}, tokens=(120, 30))) as server:
        answer = ping(actor, ref(server))
    assert answer.output == Pong(word="pong")
    assert answer.model == "openai:cheap"
    line = ModelUsage.objects.get()
    assert (line.tokens_in, line.tokens_out, line.outcome) == (120, 30, "ok")
    assert line.cost_micros == answer.cost_micros == 120 + 300
    assert line.user_id == actor.user_id
    month = SpendingMonth.objects.get()
    assert (month.spent_micros, month.reserved_micros) == (420, 0)
    assert server.keys == ["sk-test-0123456789abcdef"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failure_that_may_pass_is_tried_once_more(actor, status):
    with scripted_model(Reply(status=status), GOOD) as server:
        assert ping(actor, ref(server)).output.word == "pong"
    assert [line.outcome for line in ModelUsage.objects.order_by("id")] == ["failed", "ok"]


def test_malformed_json_is_tried_once_more_and_its_tokens_are_booked(actor, priced):
    with scripted_model(Reply("no json here", tokens=(10, 20)), GOOD) as server:
        assert ping(actor, ref(server)).output.word == "pong"
    first = ModelUsage.objects.order_by("id").first()
    assert (first.outcome, first.error_code, first.tokens_out) == ("failed", "malformed", 20)
    assert first.cost_micros == 10 + 200


def test_a_body_that_is_no_completion_is_a_failure_not_a_crash(actor):
    with (
        scripted_model(Reply(raw=b"<html>gateway</html>")) as server,
        pytest.raises(ModelsUnavailable),
    ):
        ping(actor, ref(server))


def test_the_next_model_answers_when_the_first_keeps_failing(actor):
    with scripted_model(Reply(status=500)) as broken, scripted_model(GOOD) as good:
        answer = ping(actor, ref(broken, "one"), ref(good, "two"))
    assert answer.model == "openai:two"
    assert len(broken.requests) == 2


def test_a_refused_key_is_not_tried_twice(actor):
    with scripted_model(Reply(status=401)) as refused, scripted_model(GOOD) as good:
        ping(actor, ref(refused, "one"), ref(good, "two"))
    assert len(refused.requests) == 1


def test_a_slow_model_is_given_up(actor, settings):
    with scripted_model(GOOD) as warm:
        ping(actor, ref(warm))  # the first call loads the SDK, which is no part of the deadline
    settings.CANDY_LLM_TIMEOUT = 2
    with scripted_model(Reply({"word": "late"}, delay=6)) as slow, scripted_model(GOOD) as good:
        assert ping(actor, ref(slow, "one"), ref(good, "two")).output.word == "pong"
    assert ModelUsage.objects.filter(error_code="timeout").count() == 2


def test_when_nobody_answers_the_error_names_everyone(actor):
    with scripted_model(Reply(status=500)) as one, scripted_model(Reply(status=401)) as two:
        with pytest.raises(ModelsUnavailable) as caught:
            ping(actor, ref(one, "one"), ref(two, "two"))
    assert [tried["code"] for tried in caught.value.params["tried"]] == [
        "provider_error", "provider_error", "key_refused",
    ]  # fmt: skip
    assert caught.value.retryable
    assert "sk-test" not in str(caught.value.params)


def test_without_a_model_it_says_so_at_once(actor):
    with pytest.raises(NoModel):
        ask(actor=actor, purpose=Purpose.WRITE, instructions="", prompt="", output=Pong)


def test_the_budget_stops_before_the_call(actor, priced):
    Budget.objects.create(monthly_micros=500)
    with scripted_model(GOOD) as server, pytest.raises(BudgetExceeded) as caught:
        ping(actor, ref(server))
    assert server.requests == []
    assert not caught.value.retryable
    assert ModelUsage.objects.get().outcome == "refused"


def test_the_budget_stops_in_the_middle_of_work(actor, priced):
    # A call reserves about 1,400; each really costs 600.
    Budget.objects.create(monthly_micros=2_000)
    with scripted_model(GOOD) as server:
        done = 0
        with pytest.raises(BudgetExceeded):
            for _ in range(10):
                ping(actor, ref(server))
                done += 1
    assert 1 <= done == len(server.requests) <= 3
    assert SpendingMonth.objects.get().spent_micros <= 2_000


def test_a_used_up_budget_does_not_fall_back_to_another_model(actor, priced):
    Budget.objects.create(monthly_micros=0)
    with scripted_model(GOOD) as one, scripted_model(GOOD) as two, pytest.raises(BudgetExceeded):
        ping(actor, ref(one), ref(two))
    assert not one.requests + two.requests


def test_a_failed_call_gives_back_what_it_held(actor, priced):
    Budget.objects.create(monthly_micros=1_000_000)
    with scripted_model(Reply(status=500)) as server, pytest.raises(ModelsUnavailable):
        ping(actor, ref(server))
    month = SpendingMonth.objects.get()
    assert (month.spent_micros, month.reserved_micros) == (0, 0)


def test_a_typed_address_may_not_be_private(actor):
    with scripted_model(GOOD) as server, pytest.raises(ModelsUnavailable) as caught:
        ping(actor, ref(server, trusted=False))
    assert server.requests == []
    assert caught.value.params["tried"][0]["code"] == "unreachable"


def test_secrets_in_a_prompt_stay_here(actor):
    with scripted_model(GOOD) as server:
        ping(
            actor,
            ref(server),
            prompt="our key is sk-live-ABCDEFGHIJKLMNOP1234 and password: hunter22",
        )
    assert "ABCDEFGHIJKLMNOP" not in server.last_prompt
    assert "hunter22" not in server.last_prompt
    assert "our key is" in server.last_prompt


@pytest.mark.parametrize(
    ("provider", "model", "base_url", "known"),
    [
        ("openai", "gpt-4o-mini", "", True),
        ("openai", "gpt-4o-mini-2024-07-18", "https://api.openai.com/v1", True),
        ("openai", "gpt-4o-mini", "http://localhost:11434/v1", False),
        ("anthropic", "claude-sonnet-4-5-20250929", "", True),
        ("google", "gemini-2.5-flash", "", True),
        ("openai", "something-new", "", False),
    ],
)
def test_prices_are_of_the_longest_known_name_at_the_makers_own_address(
    provider, model, base_url, known
):
    assert (price_of(ModelRef(provider, model, base_url=base_url)) is not None) is known


def test_a_mini_model_does_not_cost_what_its_big_sister_costs():
    mini, big = (
        cost_micros(ModelRef("openai", name), 1000, 1000) for name in ("gpt-4o-mini", "gpt-4o")
    )
    assert mini is not None
    assert big is not None
    assert mini < big / 5


def test_the_price_table_is_dated_and_whole():
    assert table()["as_of"] >= "2026"
    for models in table()["models"].values():
        assert all(0 < low <= high for low, high in models.values())


@pytest.mark.django_db(transaction=True)
def test_no_database_connection_is_held_while_a_model_thinks(workspace, monkeypatch):
    from django.db import connection

    from apps.agents.llm import asking
    from apps.workspaces.tenancy import workspace_context
    from apps.workspaces.types import Actor

    held = []
    real = asking.call

    def watched(*args, **kwargs):
        held.append(connection.connection is not None)
        return real(*args, **kwargs)

    monkeypatch.setattr(asking, "call", watched)
    with scripted_model(GOOD) as server, workspace_context(workspace):
        ping(Actor.system(workspace), ref(server))
        # The next query connects again, and still to this workspace.
        assert ModelUsage.objects.get().outcome == "ok"
    assert held == [False]
