"""Channels, posts, targets and images by REST: who may, what is refused, and what it costs."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from apps.integrations.models import Connection
from apps.knisoci.models import Campaign, Channel, Post, PublishingStop, Target
from apps.knisoci.services import channels, posts
from apps.media.models import Asset
from apps.orchestrator.models import Event, Job
from apps.workspaces.models import Workspace
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

SOON, LATER = (datetime.now(UTC) + timedelta(days=days) for days in (30, 60))
BASELINES = Path(__file__).parent / "query_counts.json"


def make_channel(workspace: Any, provider: str = "mastodon") -> Channel:
    with workspace_context(workspace):
        account = Connection.objects.create(
            provider=provider, host=f"https://{provider}.example", remote_id="1", handle="@acme"
        )
        return channels.add(actor=Actor.system(workspace), connection=account, name=provider)


def make_post(workspace: Any, channel: Channel, text: str = "Hello") -> Post:
    with workspace_context(workspace):
        return posts.create(
            actor=Actor.system(workspace),
            title=text,
            variants=[{"channel": channel.pk, "text": text}],
        )


@pytest.fixture
def channel(workspace: Any) -> Channel:
    return make_channel(workspace)


@pytest.fixture
def post(workspace: Any, channel: Channel) -> Post:
    return make_post(workspace, channel)


def target_of(workspace: Any, post: Post) -> Target:
    with workspace_context(workspace):
        return Target.objects.get(post=post)


def test_a_post_is_written_read_changed_and_deleted(
    api_for: Any, contributor: Any, channel: Channel, workspace: Any
) -> None:
    api = api_for(contributor)
    body = {"title": "News", "variants": [{"channel": str(channel.pk), "text": "Hello there"}]}
    made = api.post("posts", body, Idempotency_Key="k")
    assert made.status_code == 201
    assert api.post("posts", body, Idempotency_Key="k").json()["id"] == made.json()["id"]
    post = made.json()
    assert post["variants"][0]["text"] == "Hello there"
    assert post["variants"][0]["target"]["state"] == "draft"
    assert api.get(f"posts/{post['id']}").json() == post
    assert api.patch(f"posts/{post['id']}", {"title": "Old news"}).json()["title"] == "Old news"
    text = api.call("PUT", f"posts/{post['id']}/variants/{channel.pk}", {"text": "Changed"})
    assert text.json()["variants"][0]["text"] == "Changed"
    assert api.delete(f"posts/{post['id']}").status_code == 204
    assert api.get(f"posts/{post['id']}").status_code == 404
    with workspace_context(workspace):
        assert Post.objects.count() == 0


def test_scheduling_wants_a_key_and_happens_once(
    api_for: Any, contributor: Any, post: Post, workspace: Any
) -> None:
    api, path = api_for(contributor), f"posts/{post.pk}/schedule"
    body = {"when": f"{SOON:%Y-%m-%d}T09:00:00+02:00"}
    assert api.post(path, body).json()["error"]["code"] == "idempotency_key_required"
    assert target_of(workspace, post).state == "draft"
    first = api.post(path, body, Idempotency_Key="s1")
    assert first.status_code == 200, first.content
    assert first.json()["variants"][0]["target"]["due_at"] == f"{SOON:%Y-%m-%d}T07:00:00.000Z"
    again = api.post(path, body, Idempotency_Key="s1")
    assert again.content == first.content
    with workspace_context(workspace):
        assert Job.objects.filter(action="knisoci.publish_target").count() == 1


def test_targets_are_moved_taken_back_and_cancelled(
    api_for: Any, contributor: Any, post: Post, workspace: Any
) -> None:
    api, target = api_for(contributor), target_of(workspace, post)
    api.post(
        f"posts/{post.pk}/schedule", {"when": f"{SOON:%Y-%m-%d}T09:00:00Z"}, Idempotency_Key="a"
    )
    moved = api.post(f"targets/{target.pk}/reschedule", {"when": f"{LATER:%Y-%m-%d}T09:00:00Z"})
    assert moved.json()["due_at"] == f"{LATER:%Y-%m-%d}T09:00:00.000Z"
    assert api.get("targets?state=scheduled&order=due").json()["data"] == [moved.json()]
    assert api.get(f"targets?due_before={LATER:%Y-%m-%d}T00:00:00Z").json()["data"] == []
    assert api.post(f"targets/{target.pk}/unschedule").json()["state"] == "draft"
    assert api.post(f"targets/{target.pk}/cancel").json()["state"] == "cancelled"
    receipt = api.get(f"targets/{target.pk}/receipt").json()
    assert (receipt["target"]["state"], receipt["attempts"], receipt["lines"]) == (
        "cancelled",
        [],
        [],
    )


WRITES = [
    ("POST", "posts", {"title": "x"}),
    ("PATCH", "posts/{post}", {"title": "x"}),
    ("DELETE", "posts/{post}", None),
    ("PUT", "posts/{post}/variants/{channel}", {"text": "x"}),
    ("DELETE", "posts/{post}/variants/{channel}", None),
    ("POST", "posts/{post}/schedule", {"when": "2030-01-01T00:00:00Z"}),
    ("POST", "posts/{post}/duplicate", {}),
    ("POST", "targets/{target}/publish", {}),
    ("POST", "targets/{target}/cancel", {}),
    ("POST", "targets/{target}/unschedule", {}),
    ("POST", "targets/{target}/reschedule", {"when": "2030-01-01T00:00:00Z"}),
    ("POST", "targets/{target}/confirm", {"is_out": True}),
    ("POST", "targets/{target}/check", {}),
    ("POST", "targets/{target}/send-rest", {}),
    ("POST", "targets/{target}/hold", {}),
    ("POST", "targets/{target}/release", {}),
    ("POST", "targets/{target}/approve", {}),
    ("POST", "campaigns/{campaign}/pause", {}),
    ("POST", "campaigns/{campaign}/resume", {}),
    ("POST", "social/stop", {}),
    ("POST", "social/resume", {}),
    ("PUT", "social/budget", {"usd": "5"}),
    ("PATCH", "channels/{channel}", {"name": "x"}),
    ("DELETE", "channels/{channel}", None),
    ("POST", "channels/{channel}/pause", {}),
    ("POST", "channels/{channel}/resume", {}),
    ("POST", "channels", {"provider": "mastodon", "values": {}}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=lambda value: str(value)[:40])
def test_refusals_change_nothing(
    method: str,
    path: str,
    body: Any,
    api_for: Any,
    owner: Any,
    viewer: Any,
    outsider: Any,
    other_owner: Any,
    other_workspace: Any,
    post: Post,
    channel: Channel,
    workspace: Any,
) -> None:
    target = target_of(workspace, post)
    with workspace_context(workspace):
        campaign = Campaign.objects.create(name="Spring")
    address = path.format(post=post.pk, channel=channel.pk, target=target.pk, campaign=campaign.pk)

    def state() -> Any:
        with workspace_context(workspace):
            return (
                list(PublishingStop.objects.values()),
                list(Campaign.objects.values()),
                Workspace.objects.values_list("settings").get(pk=workspace.pk),
                list(Post.objects.values()),
                list(Target.objects.values()),
                list(Channel.objects.values()),
                Event.objects.count(),
                Job.objects.count(),
            )

    before = state()
    callers = [
        (api_for(viewer), 403),
        (api_for(owner, scopes=["workspace.view"]), 403),
        (api_for(outsider), 404),
        (api_for(other_owner), 404),
    ]
    for api, status in callers:
        assert api.call(method, address, body, Idempotency_Key="k").status_code == status
    if "{" in path:  # their own workspace, our ids
        theirs = api_for(other_owner, on=other_workspace)
        assert theirs.call(method, address, body, Idempotency_Key="k").status_code == 404
    assert state() == before


BAD = [
    ("POST", "posts", {"title": 5}, "title"),
    ("POST", "posts", {"title": "x" * 201}, "title"),
    ("POST", "posts", {"colour": "red"}, "colour"),
    ("POST", "posts", {"variants": "none"}, "variants"),
    ("POST", "posts", {"variants": [{"text": "x"}]}, "variants.0.channel"),
    ("POST", "posts", {"variants": [{"channel": "x", "text": "x"}]}, "variants.0.channel"),
    ("POST", "posts", {"campaign": "nope"}, "campaign"),
    ("POST", "posts", [], None),
    ("POST", "posts", "text", None),
    ("POST", "posts/{post}/schedule", {}, "when"),
    ("POST", "posts/{post}/schedule", {"when": "tomorrow"}, "when"),
    ("POST", "posts/{post}/schedule", {"when": "2030-01-01T00:00:00"}, "when"),
    ("PATCH", "channels/{channel}", {"late_minutes": -1}, "late_minutes"),
    ("PATCH", "channels/{channel}", {"time_zone": "Mars/Base"}, "time_zone"),
    ("PATCH", "channels/{channel}", {"slots": [[9, "25:00"]]}, "slots"),
    ("POST", "channels", {"provider": "myspace", "values": {}}, "provider"),
    ("POST", "channels", {"provider": "mastodon", "values": {}}, "host"),
    ("GET", "targets?order=colour", None, "order"),
    ("GET", "targets?due_from=yesterday", None, "due_from"),
    ("GET", "posts?campaign=1", None, "campaign"),
    ("GET", "posts?cursor=WyIiLG51bGwsInh4Il0", None, "cursor"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), BAD, ids=lambda v: str(v)[:36])
def test_bad_input_is_named(
    method: str,
    path: str,
    body: Any,
    field: str | None,
    api_for: Any,
    owner: Any,
    post: Post,
    channel: Channel,
) -> None:
    address = path.format(post=post.pk, channel=channel.pk)
    response = api_for(owner).call(method, address, body, Idempotency_Key="k")
    error = response.json()["error"]
    assert 400 <= response.status_code < 500, response.content
    assert (error.get("field") or "").startswith(field or ""), error
    assert error["message"]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"title": NaN}', 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 50 + b"1" + b"}" * 50, 422),
        (b'{"title": "a\\u0000b"}', 422),
        (b'{"title": "\\ud800"}', 422),
        (b'{"title": "' + b"x" * 6_000_000 + b'"}', 413),
    ],
    ids=lambda value: str(value)[:30],
)
def test_broken_bodies_are_refused_in_the_one_shape(
    raw: bytes, status: int, api_for: Any, owner: Any
) -> None:
    response = api_for(owner).post("posts", raw)
    assert response.status_code == status
    assert set(response.json()) == {"error"}


def test_a_body_of_another_type_is_refused(api_for: Any, owner: Any) -> None:
    api = api_for(owner)
    response = api.client.post(
        f"{api.base}/posts", "a=b", content_type="text/plain", headers=api.headers
    )
    assert (response.status_code, response.json()["error"]["code"]) == (
        415,
        "unsupported_media_type",
    )


def picture(color: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(file, "PNG")
    return file.getvalue()


def upload(api: Any, data: bytes, **fields: Any) -> Any:
    file = SimpleUploadedFile("photo.png", data, "image/png")
    return api.client.post(f"{api.base}/assets", {"file": file, **fields}, headers=api.headers)


def test_images_are_uploaded_described_and_deleted(
    api_for: Any, contributor: Any, settings: Any, tmp_path: Any, workspace: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    api = api_for(contributor)
    made = upload(api, picture(), alt_text="A red field", tags="red,field")
    assert made.status_code == 201, made.content
    asset = made.json()
    assert (asset["width"], asset["height"], asset["tags"]) == (40, 30, ["field", "red"])
    assert upload(api, picture()).status_code == 200  # the same file again
    changed = api.patch(f"assets/{asset['id']}", {"alt_text": "Red"})
    assert changed.json()["alt_text"] == "Red"
    assert api.get("assets?tag=red").json()["data"][0]["id"] == asset["id"]
    assert api.delete(f"assets/{asset['id']}").status_code == 204
    assert api.get(f"assets/{asset['id']}").status_code == 404


@pytest.mark.parametrize("data", [b"", b"not an image", picture()[:60], b"<svg/>"], ids=str)
def test_what_is_no_image_is_refused(
    data: bytes, api_for: Any, owner: Any, workspace: Any, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    response = upload(api_for(owner), data)
    assert 400 <= response.status_code < 500
    assert response.json()["error"]["message"]
    with workspace_context(workspace):
        assert Asset.objects.count() == 0


def test_a_viewer_uploads_nothing(
    api_for: Any, viewer: Any, workspace: Any, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    assert upload(api_for(viewer), picture()).status_code == 403
    assert list(tmp_path.iterdir()) == []


def test_lists_cost_what_they_did(api_for: Any, owner: Any, workspace: Any) -> None:
    """The counts stand in query_counts.json and do not grow with the rows."""
    place = make_channel(workspace)
    for number in range(50):
        make_post(workspace, place, f"Post {number}")
    api, counts = api_for(owner), {}
    post = api.get("posts?limit=1").json()["data"][0]
    paths = [
        "posts?limit=50",
        "targets?limit=50",
        "channels",
        "jobs",
        "events",
        "members",
        "assets",
    ]
    paths += ["workspace", "actions", "posts/{post}", "targets/{target}/receipt"]
    for path in paths:
        address = path.format(post=post["id"], target=post["targets"][0]["id"])
        with CaptureQueriesContext(connection) as seen:
            assert api.get(address).status_code == 200, path
        counts[path] = len([q for q in seen.captured_queries if "search_path" not in q["sql"]])
    assert counts == json.loads(BASELINES.read_text())
    assert max(counts.values()) <= 12


def test_an_id_of_nothing_is_404(api_for: Any, owner: Any, workspace: Any) -> None:
    for path in ("posts", "targets", "channels", "assets", "jobs"):
        assert api_for(owner).get(f"{path}/{uuid4()}").status_code == 404, path
        assert api_for(owner).get(f"{path}/not-an-id").status_code == 404, path
