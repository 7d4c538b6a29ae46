"""Two workspaces at once, in threads, jobs and sockets that share a process: no wrong read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connections
from django.test import Client
from pydantic import BaseModel

from apps.orchestrator import ActionContext, Effect, action, registry
from apps.orchestrator import services as orchestrator
from apps.orchestrator.models import Event, Job
from apps.orchestrator.runner import run_jobs
from apps.studio.models import Project
from apps.workspaces.tenancy import current_workspace, workspace_context
from apps.workspaces.types import Actor
from config.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 25


class Seen(BaseModel):
    names: list[str]
    workspace: int


@pytest.fixture
def marked(workspace: Any, other_workspace: Any) -> list[Any]:
    """Both workspaces, each with a project that has its slug as its name."""
    for one in (workspace, other_workspace):
        with workspace_context(one):
            Project.objects.create(name=one.slug)
            orchestrator.emit(actor=Actor.system(one), kind="mark.made", summary=one.slug)
    return [workspace, other_workspace]


@pytest.fixture
def look() -> Iterator[str]:
    """An action that says what it finds where it runs."""

    @action(key="probe.look", title="Look", permission="workspace.view", effect=Effect.NONE)
    def look(ctx: ActionContext) -> Seen:
        here = current_workspace()
        assert here is not None
        return Seen(names=list(Project.objects.values_list("name", flat=True)), workspace=here.pk)

    yield "probe.look"
    registry.forget("probe.look")


def test_requests_and_jobs_in_the_same_threads(
    marked: list[Any], look: str, owner: Any, other_owner: Any
) -> None:
    """A pool of four threads takes requests and jobs of both in turns."""
    people, wrong = dict(zip([w.slug for w in marked], (owner, other_owner), strict=True)), []
    ids: dict[str, list[Any]] = {}
    for one in marked:
        with workspace_context(one):
            ids[one.slug] = [
                orchestrator.enqueue(actor=Actor.system(one), action=look).pk for _ in range(ROUNDS)
            ]

    def request(slug: str) -> None:
        client = Client()
        client.force_login(people[slug], backend="django.contrib.auth.backends.ModelBackend")
        rows = client.get(f"/api/v1/w/{slug}/events?kind=mark.made").json()["data"]
        if [row["summary"] for row in rows] != [slug]:
            wrong.append(f"request of {slug}: {rows}")
        connections.close_all()

    def job(slug: str, one: Any) -> None:
        run_jobs([str(one)])
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        tasks = []
        for number in range(ROUNDS):
            for slug in people:
                tasks.append(pool.submit(request, slug))
                tasks.append(pool.submit(job, slug, ids[slug][number]))
        for task in tasks:
            task.result()
        [pool.submit(connections.close_all).result() for _ in range(4)]
    for one in marked:
        with workspace_context(one):
            right = {"names": [one.slug], "workspace": one.pk}
            rows = Job.objects.filter(pk__in=ids[one.slug])
            wrong += [f"job of {one.slug}: {row.output}" for row in rows if row.output != right]
    assert wrong == []


async def _read_socket(cookie: str, slug: str) -> list[str]:
    socket = WebsocketCommunicator(
        application,
        f"/ws/w/{slug}/events?after=0",
        headers=[
            (b"origin", b"http://testserver"),
            (b"host", b"testserver"),
            (b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()),
        ],
    )
    accepted, _ = await socket.connect(timeout=5)
    if not accepted:
        return ["refused"]
    found = []
    while not await socket.receive_nothing(timeout=0.5):
        message = await socket.receive_json_from()
        if "summary" in message:
            found.append(message["summary"])
    await socket.disconnect()
    return found


def test_sockets_of_both_side_by_side_hear_their_own(
    marked: list[Any], owner: Any, other_owner: Any
) -> None:
    cookies = []
    for user in (owner, other_owner):
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        cookies.append(client.session.session_key)

    async def both() -> list[list[str]]:
        slugs = [one.slug for one in marked]
        pairs = [(c, s) for _ in range(3) for c, s in zip(cookies, slugs, strict=True)]
        crossed = [(cookies[0], slugs[1]), (cookies[1], slugs[0])]
        return await asyncio.gather(*(_read_socket(c, s) for c, s in [*pairs, *crossed]))

    heard = asyncio.run(both())
    for number, found in enumerate(heard[:6]):
        assert set(found) == {marked[number % 2].slug}
    assert heard[6:] == [["refused"], ["refused"]]


def test_coroutines_that_take_turns_stay_apart(marked: list[Any]) -> None:
    def read() -> list[str]:
        return list(Event.objects.filter(kind="mark.made").values_list("summary", flat=True))

    async def one(workspace: Any) -> set[tuple[str, ...]]:
        with workspace_context(workspace):
            found = set()
            for _ in range(ROUNDS):
                await asyncio.sleep(0)
                found.add(tuple(await sync_to_async(read)()))
            return found

    async def all_of_them() -> list[set[tuple[str, ...]]]:
        return await asyncio.gather(*(one(w) for w in marked * 3))

    found = asyncio.run(all_of_them())
    assert found == [{(w.slug,)} for w in marked * 3]


def test_a_thread_that_raised_inside_leaves_nothing_behind(marked: list[Any]) -> None:
    left: list[Any] = []

    def enter_and_fail() -> None:
        try:
            with workspace_context(marked[0]):
                raise ZeroDivisionError
        except ZeroDivisionError:
            left.append(current_workspace())

    thread = threading.Thread(target=enter_and_fail)
    thread.start()
    thread.join()
    assert left == [None]
