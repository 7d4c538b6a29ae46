"""The door of a workspace's sockets: who, from which page, and for how long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from apps.orchestrator import services
from apps.workspaces.models import Membership
from apps.workspaces.services.provisioning import builtin_role
from apps.workspaces.tenancy import workspace_context
from config.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)
HOST = "testserver"


def socket_of(
    user: Any, *, path: str = "/ws/w/acme/events?after=0", origin: str | None = f"http://{HOST}"
) -> WebsocketCommunicator:
    """A browser's socket; without ``user`` nobody is signed in, without ``origin`` it says none."""
    headers = [(b"host", HOST.encode())]
    if user is not None:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        name = settings.SESSION_COOKIE_NAME
        headers.append((b"cookie", f"{name}={client.cookies[name].value}".encode()))
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    return WebsocketCommunicator(application, path, headers)


async def is_let_in(user: Any, **more: Any) -> bool:
    socket = await sync_to_async(socket_of)(user, **more)
    accepted, _ = await socket.connect(timeout=5)
    await socket.disconnect()
    return bool(accepted)


async def test_every_member_is_let_in(owner: Any, viewer: Any) -> None:
    assert await is_let_in(owner)
    assert await is_let_in(viewer)


async def test_nobody_else_is(outsider: Any, other_owner: Any) -> None:
    for person in (None, outsider, other_owner):
        assert not await is_let_in(person)


async def test_a_member_elsewhere_is_let_in_there_only(other_owner: Any) -> None:
    assert await is_let_in(other_owner, path="/ws/w/globex/events")
    assert not await is_let_in(other_owner, path="/ws/w/acme/events")


@pytest.mark.parametrize("path", ["/ws/w/none-such/events", "/ws/events", "/ws/w/"])
async def test_no_workspace_no_socket(owner: Any, path: str) -> None:
    assert not await is_let_in(owner, path=path)


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", f"http://sub.{HOST}", f"http://{HOST}.evil.example", "null", "", None],
)
async def test_a_page_of_another_origin_is_refused(owner: Any, origin: str | None) -> None:
    assert not await is_let_in(owner, origin=origin)


async def test_the_public_address_is_an_origin_of_ours(owner: Any, settings: Any) -> None:
    settings.CANDY_PUBLIC_URL = "https://candy.example"
    assert await is_let_in(owner, origin="https://candy.example")


async def test_a_lost_permission_ends_what_is_sent_for_it(
    workspace: Any, actor_for: Any, admin: Any
) -> None:
    actor = await sync_to_async(actor_for)(admin, workspace)
    emit = sync_to_async(_emit)
    socket = await sync_to_async(socket_of)(admin)
    assert (await socket.connect(timeout=5))[0]
    await emit(workspace, actor, "probe.managers", "members.manage")
    assert (await socket.receive_json_from(5))["kind"] == "probe.managers"
    await sync_to_async(_make_viewer)(admin)
    await emit(workspace, actor, "probe.managers", "members.manage")
    await emit(workspace, actor, "probe.everybody", "workspace.view")
    assert (await socket.receive_json_from(5))["kind"] == "probe.everybody"
    await socket.disconnect()


async def test_a_deactivated_person_is_closed_within_five_seconds(viewer: Any) -> None:
    socket = await sync_to_async(socket_of)(viewer)
    assert (await socket.connect(timeout=5))[0]
    await asyncio.sleep(0.3)  # the first reading is done
    viewer.is_active = False
    await sync_to_async(viewer.save)()
    message = await socket.receive_output(5)
    assert (message["type"], message["code"]) == ("websocket.close", 4403)


def _emit(workspace: Any, actor: Any, kind: str, permission: str) -> None:
    with workspace_context(workspace):
        services.emit(actor=actor, kind=kind, permission=permission)


def _make_viewer(user: Any) -> None:
    Membership.objects.filter(user=user).update(role=builtin_role("viewer"))
