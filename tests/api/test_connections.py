"""Networks and connections by REST: in by typed access or by sign-in, checked, renewed, let go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from apps.integrations.models import Connection, Secret, SignIn
from apps.integrations.providers.base import Account, Connected, Grant, NotGranted
from apps.integrations.services import connections, offers
from apps.orchestrator.models import Event
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.support.networks import Networks, running_networks

BASELINES = Path(__file__).parent / "query_counts_connections.json"
CANARY = "canary-rest-9d1f"

NOBODYS = UUID("00000000-0000-7000-8000-000000000000")


@pytest.fixture(scope="module")
def _networks() -> Iterator[Networks]:
    with running_networks() as networks:
        yield networks


@pytest.fixture
def networks(_networks: Networks, settings: Any) -> Networks:
    settings.CANDY_OUTBOUND_ALLOW = [f"127.0.0.1:{_networks.port}"]
    settings.CANDY_SANDBOX_URL = _networks.url
    _networks.control("mastodon", scenario="success", reset=True)
    return _networks


def typed(networks: Networks, login: str = "maren") -> dict[str, Any]:
    return {"values": {"host": f"{networks.url}/mastodon", "token": f"sandbox-{login}"}}


def make(workspace: Any, number: int = 1) -> Connection:
    account = Account(str(number), f"@a{number}", "A", host="https://one.example")
    with workspace_context(workspace):
        return connections.store(
            actor=Actor.system(workspace), provider="mastodon",
            connected=Connected(account, {"token": CANARY}),
        )  # fmt: skip


def offer(workspace: Any, user: Any) -> str:
    row = SignIn(provider="mastodon", user_id=user.pk, sealed=b"", return_to="/w/acme/")
    accounts = tuple(
        Connected(Account(str(n), f"@p{n}", f"P{n}", host="https://one.example"), {"token": CANARY})
        for n in range(3)
    )
    with workspace_context(workspace):
        row.save()
        grant = Grant(accounts, (NotGranted("P9", "not ticked"),))
        offers.make(sign_in=row, grant=grant, app_id="")
    return str(row.pk)


def test_typed_access_connects_once_for_a_key(
    networks: Networks, api_for: Any, admin: Any, workspace: Any
) -> None:
    api = api_for(admin)
    made = api.post("social/connect/mastodon", typed(networks), Idempotency_Key="k")
    assert made.status_code == 200, made.content
    found = made.json()["connection"]
    assert (found["handle"], found["state"]) == ("@maren@mastodon.sandbox", "active")
    assert found["is_sandbox"]
    assert "sandbox-maren" not in made.content.decode()
    again = api.post("social/connect/mastodon", typed(networks), Idempotency_Key="k")
    assert again.content == made.content
    with workspace_context(workspace):
        assert list(Event.objects.filter(kind__startswith="connection.").values_list("kind")) == [
            ("connection.created",)
        ]
    assert api.get("social/connections").json()["data"] == [found]
    checked = api.post(f"social/connections/{found['id']}/check").json()
    assert checked["last_checked_at"] > found["last_checked_at"]
    detail = api.get(f"social/connections/{found['id']}").json()
    assert [one["kind"] for one in detail["meters"]] == ["rate"]  # the headers of the check
    networks.control("mastodon", scenario="revoked")
    assert api.post(f"social/connections/{found['id']}/check").json()["state"] == "revoked"
    assert api.delete(f"social/connections/{found['id']}").status_code == 204
    with workspace_context(workspace):
        assert Secret.objects.count() == 0
    assert api.get("social/connections").json()["data"] == []
    gone = api.get("social/connections?include_disconnected=true").json()["data"]
    assert [row["state"] for row in gone] == ["disconnected"]
    networks.control("mastodon", scenario="success")
    back = api.post(f"social/connections/{found['id']}/reconnect", typed(networks))
    assert back.json()["connection"]["id"] == found["id"]


def test_the_access_of_another_account_does_not_renew_this_one(
    networks: Networks, api_for: Any, admin: Any
) -> None:
    api = api_for(admin)
    first = api.post("social/connect/mastodon", typed(networks)).json()["connection"]
    wrong = api.post(f"social/connections/{first['id']}/reconnect", typed(networks, "kestrel"))
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "connection.invalid")
    assert len(api.get("social/connections").json()["data"]) == 1


def test_a_sign_in_is_an_address_for_the_keys_person(
    networks: Networks, api_for: Any, admin: Any, workspace: Any
) -> None:
    api = api_for(admin)
    body = {
        "values": {"host": f"{networks.url}/mastodon"},
        "return_to": f"/w/{workspace.slug}/channels/",
    }
    begun = api.post("social/connect/mastodon", body).json()
    assert begun["connection"] is None
    assert urlsplit(begun["authorize_url"]).path == "/mastodon/oauth/authorize"
    at_sandbox = api.post("social/connect/mastodon", {"sandbox": True}).json()
    assert at_sandbox["authorize_url"].startswith(networks.url)
    with workspace_context(workspace):
        rows = SignIn.objects.order_by("created_at")
        assert [row.user_id for row in rows] == [admin.pk, admin.pk]
        assert rows[0].return_to == f"/w/{workspace.slug}/channels/"


def test_accounts_are_picked_by_their_numbers(
    api_for: Any, admin: Any, owner: Any, workspace: Any
) -> None:
    path = f"social/sign-ins/{offer(workspace, admin)}"
    api = api_for(admin)
    shown = api.get(path)
    assert CANARY not in shown.content.decode()
    assert [row["name"] for row in shown.json()["accounts"]] == ["P0", "P1", "P2"]
    assert shown.json()["not_granted"] == [{"name": "P9", "reason": "not ticked"}]
    assert api_for(owner).get(path).status_code == 410  # it is its person's alone
    assert api.post(f"{path}/pick", {"accounts": [7]}).status_code == 422
    picked = api.post(f"{path}/pick", {"accounts": [0, 2]}).json()["connections"]
    assert sorted(row["handle"] for row in picked) == ["@p0", "@p2"]
    assert api.post(f"{path}/pick", {"accounts": [1]}).status_code == 410


def test_networks_say_what_they_want(api_for: Any, viewer: Any, settings: Any) -> None:
    settings.CANDY_APPS = {}
    rows = {row["provider"]: row for row in api_for(viewer).get("social/networks").json()["data"]}
    assert rows["mastodon"]["signs_in"]
    assert rows["mastodon"]["app"] == "not_needed"
    assert [field["name"] for field in rows["bluesky"]["connect_fields"]] == [
        *("handle", "password", "host"),
    ]
    assert not rows["bluesky"]["connect_fields"][2]["required"]


WRITES = [
    ("POST", "social/connect/mastodon", {"values": {"host": "https://one.example", "token": "x"}}),
    ("POST", "social/connect/mastodon", {"values": {"host": "https://one.example"}}),
    ("POST", "social/connections/{connection}/check", {}),
    ("POST", "social/connections/{connection}/reconnect", {}),
    ("DELETE", "social/connections/{connection}", None),
    ("POST", "social/sign-ins/{offer}/pick", {"accounts": [0]}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=lambda value: str(value)[:40])
def test_refusals_change_nothing(
    method: str,
    path: str,
    body: Any,
    api_for: Any,
    owner: Any,
    admin: Any,
    viewer: Any,
    outsider: Any,
    other_owner: Any,
    other_workspace: Any,
    workspace: Any,
) -> None:
    address = path.format(connection=make(workspace).pk, offer=offer(workspace, admin))

    def state() -> Any:
        with workspace_context(workspace):
            return (
                list(Connection.objects.values()),
                list(Secret.objects.values_list("sealed", flat=True)),
                list(SignIn.objects.values_list("sealed", "picked_at")),
                Event.objects.count(),
            )

    before = state()
    callers = [
        (api_for(viewer), 403),
        (api_for(owner, scopes=["workspace.view"]), 403),
        (api_for(outsider), 404),
        (api_for(other_owner), 404),
    ]
    for api, status in callers:
        assert api.call(method, address, body).status_code == status
    if "{" in path:  # their own workspace, our ids
        theirs = api_for(other_owner, on=other_workspace)
        assert theirs.call(method, address, body).status_code in (404, 410)
    assert state() == before


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("social/connect/myspace", {}, "provider"),
        ("social/connect/bluesky", {"values": {"handle": "a"}}, "password"),
        ("social/connect/mastodon", {"values": {"host": ""}}, "host"),
        ("social/connect/mastodon", {"values": {"host": 5}}, "values.host"),
        ("social/connect/mastodon", {"values": {"x": "y" * 5000}}, "values.x"),
        ("social/connect/mastodon", {"token": "x"}, "token"),
        (f"social/connections/{NOBODYS}/check", {}, None),
        (f"social/sign-ins/{NOBODYS}/pick", {"accounts": []}, "accounts"),
        (f"social/sign-ins/{NOBODYS}/pick", {"accounts": [0]}, None),
    ],
)
def test_bad_input_is_named(
    networks: Networks, api_for: Any, admin: Any, path: str, body: Any, field: str | None
) -> None:
    response = api_for(admin).post(path, body)
    error = response.json()["error"]
    assert 400 <= response.status_code < 500, response.content
    assert error.get("field") == field, error
    assert error["message"]


def test_reads_cost_what_they_did(api_for: Any, admin: Any, workspace: Any) -> None:
    """The counts stand in query_counts_connections.json and do not grow with the rows."""
    rows = [make(workspace, number) for number in range(30)]
    api, counts = api_for(admin), {}
    api.get("workspace")  # the key's first use is noted
    for path in ("social/connections?limit=50", "social/networks", "social/connections/{id}"):
        with CaptureQueriesContext(database) as seen:
            assert api.get(path.format(id=rows[0].pk)).status_code == 200
        counts[path] = len([q for q in seen.captured_queries if "search_path" not in q["sql"]])
    assert counts == json.loads(BASELINES.read_text())
