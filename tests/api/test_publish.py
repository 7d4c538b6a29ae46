"""One wish to publish on many channels: what takes it goes out, what does not says why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.integrations.models import Connection
from apps.knisoci.models import Approval, Campaign, Channel, Post, Target
from apps.knisoci.services import channels
from apps.orchestrator import services as orchestrator
from apps.orchestrator.models import Event, Job
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

SOON = datetime.now(UTC) + timedelta(days=30)
NEVER = "0192aaaa-0000-7000-8000-000000000000"


@pytest.fixture
def make_channel(workspace: Any) -> Callable[..., Channel]:
    def make(provider: str = "mastodon", remote_id: str = "1", **fields: Any) -> Channel:
        with workspace_context(workspace):
            account = Connection.objects.create(
                provider=provider,
                host=f"https://{provider}.example",
                remote_id=remote_id,
                handle="@acme",
                **fields,
            )
            return channels.add(actor=Actor.system(workspace), connection=account, name=provider)

    return make


def wishes(*rows: Channel, **own: Any) -> list[dict[str, Any]]:
    return [{"channel": str(row.pk), **own} for row in rows]


def test_many_channels_get_one_post_with_their_own_words(
    api_for: Any, contributor: Any, make_channel: Any, workspace: Any
) -> None:
    first, second = make_channel(), make_channel("bluesky")
    body = {
        "text": "For all of you",
        "channels": [
            *wishes(first, thread=[{"text": "And one more thing"}]),
            *wishes(second, text="For the butterflies"),
        ],
        "when": f"{SOON:%Y-%m-%d}T09:00:00Z",
    }
    answer = api_for(contributor).post("social/publish", body, Idempotency_Key="a")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["status"], made["dry_run"]) == ("scheduled", False)
    assert [one["status"] for one in made["results"]] == ["scheduled"] * 2
    assert [one["parts"] for one in made["results"]] == [2, 1]
    assert {one["due_at"] for one in made["results"]} == {f"{SOON:%Y-%m-%d}T09:00:00Z"}
    with workspace_context(workspace):
        (post,) = Post.objects.all()
        assert str(post.pk) == made["post"]
        rows = Target.objects.select_related("variant").order_by("id")
        assert [row.variant.text for row in rows] == ["For all of you", "For the butterflies"]
        assert [str(row.pk) for row in rows] == [one["target"] for one in made["results"]]
        assert Event.objects.filter(kind="post.scheduled").count() == 1
        assert Job.objects.filter(action="knisoci.publish_target").count() == 2
        assert Approval.objects.count() == 2


def test_one_refused_channel_does_not_keep_the_rest_back(
    api_for: Any, contributor: Any, make_channel: Any, workspace: Any
) -> None:
    fine, dead = make_channel(), make_channel("bluesky", state="revoked")
    body = {
        "text": "x" * 400,
        "channels": [*wishes(fine, dead), {"channel": NEVER}],
    }
    answer = api_for(contributor).post("social/publish", body, Idempotency_Key="a")
    assert answer.status_code == 201
    made = answer.json()
    assert made["status"] == "partly"
    good, lost, unknown = made["results"]
    assert (good["status"], good["state"]) == ("scheduled", "scheduled")
    assert (lost["status"], lost["error"]["code"]) == ("refused", "channel_disconnected")
    assert (unknown["status"], unknown["error"]["code"]) == ("refused", "channel_not_found")
    assert lost["target"] is None
    assert lost["due_at"] is None
    with workspace_context(workspace):
        assert Target.objects.count() == 1


def test_a_refusal_names_the_networks_rule_and_the_field(
    api_for: Any, contributor: Any, make_channel: Any
) -> None:
    long, short = make_channel(), make_channel("bluesky")
    body = {"text": "x" * 400, "channels": wishes(long, short)}
    answer = api_for(contributor).post("social/publish", body, Idempotency_Key="a").json()
    refused = answer["results"][1]
    assert refused["error"]["code"] == "text.too_long"
    assert refused["error"]["field"] == "text"
    assert refused["count"] == {"used": 400, "limit": 300, "unit": "graphemes"}


def test_where_no_channel_takes_it_nothing_is_written_and_the_key_stays_free(
    api_for: Any, contributor: Any, make_channel: Any, workspace: Any
) -> None:
    channel, api = make_channel("bluesky"), api_for(contributor)
    body = {"text": "x" * 400, "channels": wishes(channel)}
    answer = api.post("social/publish", body, Idempotency_Key="a")
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "nothing_published"
    assert error["params"]["results"][0]["error"]["code"] == "text.too_long"
    with workspace_context(workspace):
        assert not Post.objects.exists()
        assert not Job.objects.filter(action="knisoci.publish_target").exists()
    body["text"] = "Shorter"
    assert api.post("social/publish", body, Idempotency_Key="a").status_code == 201


def test_the_same_key_again_is_the_same_answer_and_one_post(
    api_for: Any, contributor: Any, make_channel: Any, workspace: Any
) -> None:
    channel, api = make_channel(), api_for(contributor)
    body = {"text": "Once", "channels": wishes(channel), "when": "slot"}
    assert api.post("social/publish", body).json()["error"]["code"] == "idempotency_key_required"
    first = api.post("social/publish", body, Idempotency_Key="k")
    again = api.post("social/publish", body, Idempotency_Key="k")
    assert first.content == again.content
    other = {**body, "text": "Another"}
    refused = api.post("social/publish", other, Idempotency_Key="k")
    assert refused.json()["error"]["code"] == "idempotency_key_reused"
    with workspace_context(workspace):
        assert Post.objects.count() == 1


def test_a_dry_run_says_everything_and_writes_nothing(
    api_for: Any, contributor: Any, make_channel: Any, workspace: Any
) -> None:
    fine, short = make_channel(), make_channel("bluesky")
    body = {
        "text": "x" * 400,
        "channels": wishes(fine, short),
        "when": f"{SOON:%Y-%m-%d}T09:00:00",
        "time_zone": "Europe/Berlin",
        "dry_run": True,
    }
    answer = api_for(contributor).post("social/publish", body, Idempotency_Key="a").json()
    assert (answer["dry_run"], answer["status"], answer["post"]) == (True, "partly", None)
    good, bad = answer["results"]
    assert good["flight"]["level"] == "green"
    assert good["count"] == {"used": 400, "limit": 500, "unit": "characters"}
    assert good["due_at"][11:16] in ("07:00", "08:00")
    assert bad["error"]["code"] == "text.too_long"
    with workspace_context(workspace):
        assert not Post.objects.exists()
        assert not Job.objects.exists()
        assert not Event.objects.filter(kind__startswith="post.").exists()


def test_a_dry_run_sees_the_brakes(
    api_for: Any, contributor: Any, make_channel: Any, workspace: Any
) -> None:
    channel = make_channel()
    with workspace_context(workspace):
        paused = Campaign.objects.create(name="Spring", is_paused=True)
    body = {"text": "x", "channels": wishes(channel), "dry_run": True, "campaign": str(paused.pk)}
    answer = api_for(contributor).post("social/publish", body, Idempotency_Key="a").json()
    flight = answer["results"][0]["flight"]
    assert (flight["level"], flight["reasons"][0]["code"]) == ("red", "campaign")


@pytest.mark.parametrize(
    "change",
    [
        {"when": "2001-01-01T00:00:00Z"},
        {"when": f"{SOON:%Y-%m-%d}T09:00:00", "time_zone": "Mars/Olympus"},
        {"media": [NEVER]},
        {"poll": {"options": ["only one"]}},
        {"format": "hologram"},
        {"thread": [{"text": "y" * 700}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_wrong_for_every_channel_writes_nothing(
    change: Any, api_for: Any, contributor: Any, make_channel: Any, workspace: Any
) -> None:
    body = {"text": "x", "channels": wishes(make_channel()), **change}
    answer = api_for(contributor).post("social/publish", body, Idempotency_Key="a")
    assert answer.status_code == 422, answer.content
    with workspace_context(workspace):
        assert not Post.objects.exists()


def test_only_who_may_publish_publishes(
    api_for: Any,
    viewer: Any,
    outsider: Any,
    other_owner: Any,
    other_workspace: Any,
    make_channel: Any,
    workspace: Any,
) -> None:
    body = {"text": "x", "channels": wishes(make_channel())}
    for person, status in ((viewer, 403), (outsider, 404), (other_owner, 404)):
        answer = api_for(person).post("social/publish", body, Idempotency_Key="a")
        assert answer.status_code == status, (person, answer.content)
    # From the neighbour's own workspace the channel is not there at all.
    answer = api_for(other_owner, on=other_workspace).post(
        "social/publish", body, Idempotency_Key="a"
    )
    assert answer.json()["error"]["params"]["results"][0]["error"]["code"] == "channel_not_found"
    with workspace_context(workspace):
        assert not Post.objects.exists()


def test_the_action_publishes_once_for_each_job(make_channel: Any, workspace: Any) -> None:
    """A worker that dies after the commit leads to a second run of the same job."""
    from apps.orchestrator import registry
    from apps.orchestrator.types import ActionContext

    channel = make_channel()
    with workspace_context(workspace):
        actor = Actor.system(workspace)
        found = registry.get("knisoci.publish")
        given = found.input_model.model_validate({"text": "Once", "channels": wishes(channel)})
        ctx = ActionContext(actor=actor, workspace=workspace, idempotency_key="job-1")
        first, second = found.function(ctx, given), found.function(ctx, given)
        assert first.post == second.post
        assert second.results[0].target == first.results[0].target
        assert Post.objects.count() == 1
        output = orchestrator.run(action="knisoci.publish", actor=actor, input=given)
        assert output.post != first.post


def test_a_person_steers_one_target_and_brakes_by_program(
    api_for: Any, contributor: Any, make_channel: Any, workspace: Any
) -> None:
    api, channel = api_for(contributor), make_channel()
    with workspace_context(workspace):
        campaign = Campaign.objects.create(name="Spring")
    body = {
        "text": "Steer me",
        "channels": wishes(channel),
        "when": f"{SOON:%Y-%m-%d}T09:00:00Z",
        "campaign": str(campaign.pk),
    }
    made = api.post("social/publish", body, Idempotency_Key="a").json()
    target = made["results"][0]["target"]
    shown = api.get(f"targets/{target}").json()
    assert (shown["flight"], shown["parts_done"], shown["parts_total"]) == ("green", 0, 1)
    assert shown["is_incomplete"] is False
    held = api.post(f"targets/{target}/hold").json()
    assert (held["state"], held["hold_reason"]) == ("held", "asked")
    assert api.post(f"targets/{target}/release").json()["state"] == "scheduled"
    assert api.post(f"targets/{target}/release").json()["error"]["code"] == "post_in_flight"
    paused = api.post(f"campaigns/{campaign.pk}/pause", {"reason": "Rain"}).json()
    assert (paused["is_paused"], paused["pause_reason"]) == (True, "Rain")
    flight = api.get(f"targets/{target}/flight").json()
    assert (flight["level"], flight["reasons"][0]["code"]) == ("red", "campaign")
    assert flight["reasons"][0]["repair"] == "knisoci.resume_campaign"
    assert api.post(f"campaigns/{campaign.pk}/resume").json() == {"released": 0}
    assert api.get(f"targets?campaign={campaign.pk}&flight=green").json()["data"][0]["id"] == target
    assert api.get("targets?flight=red").json()["data"] == []
    assert api.post("social/stop", {"reason": "Fire"}).json()["is_stopped"] is True
    assert api.get("social/stop").json()["reason"] == "Fire"
    assert api.post("social/resume").json() == {"released": 0}
    assert api.get("social/stop").json()["is_stopped"] is False
    for verb in ("send-rest", "confirm", "check"):
        given = {"is_out": True} if verb == "confirm" else {}
        answer = api.post(f"targets/{target}/{verb}", given, Idempotency_Key=verb)
        assert answer.status_code in (409, 422), (verb, answer.content)


def test_the_budget_is_set_by_who_manages_the_workspace(
    api_for: Any, owner: Any, contributor: Any
) -> None:
    refused = api_for(contributor).call("PUT", "social/budget", {"usd": "10"})
    assert refused.status_code == 403
    api = api_for(owner)
    assert api.call("PUT", "social/budget", {"usd": "12.50"}).json()["limit_usd"] == "12.50"
    assert api.get("social/budget").json() == {
        "limit_usd": "12.50",
        "spent_usd": "0",
        "planned_usd": "0",
    }
    assert api.call("PUT", "social/budget", {"usd": None}).json()["limit_usd"] is None
    assert api.call("PUT", "social/budget", {"usd": "-1"}).status_code == 422
