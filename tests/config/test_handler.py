"""The web process answers each request on one thread, which keeps its database connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.signals import request_finished, request_started
from django.db import connection, connections
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from apps.workspaces.tenancy.state import PUBLIC, Scope, scope
from config.handler import ThreadedHandler


def where(request: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return JsonResponse({"pid": cursor.fetchone()[0], "thread": threading.get_ident()})


def leave_a_mark(request: HttpRequest) -> HttpResponse:
    found = scope.get()
    scope.set(Scope(None, "somewhere", True))
    return HttpResponse(found.schema_name)


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(Path(__file__).open("rb"))


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body)


urlpatterns = [path(view.__name__, view) for view in (where, leave_a_mark, file, echo)]


@pytest.fixture
def handler(settings: Any, transactional_db: None) -> Iterator[ThreadedHandler]:
    settings.ROOT_URLCONF = __name__
    settings.CANDY_WEB_THREADS = 1
    settings.ALLOWED_HOSTS = ["testserver"]
    made = ThreadedHandler()
    yield made
    made.threads.submit(connections.close_all).result()
    made.threads.shutdown()


def ask(handler: ThreadedHandler, name: str, *, body: bytes = b"") -> tuple[int, bytes]:
    """Status and body of a request for ``/name``."""

    async def talk() -> tuple[int, bytes]:
        talking = ApplicationCommunicator(
            handler,
            {
                "type": "http",
                "method": "POST" if body else "GET",
                "path": f"/{name}",
                "query_string": b"",
                "headers": [(b"host", b"testserver")],
            },
        )
        half = len(body) // 2
        await talking.send_input({"type": "http.request", "body": body[:half], "more_body": True})
        await talking.send_input({"type": "http.request", "body": body[half:]})
        start, found, more = await talking.receive_output(5), b"", True
        while more:
            part = await talking.receive_output(5)
            found, more = found + part.get("body", b""), part.get("more_body", False)
        await talking.wait(5)
        return int(start["status"]), found

    return async_to_sync(talk)()


def test_the_next_request_finds_the_connection_of_the_one_before(
    handler: ThreadedHandler,
) -> None:
    first, second = ask(handler, "where"), ask(handler, "where")

    assert first == second
    assert first[0] == 200


def test_a_request_begins_works_and_ends_on_one_thread(handler: ThreadedHandler) -> None:
    seen: list[int] = []

    def note(**about: Any) -> None:
        seen.append(threading.get_ident())

    request_started.connect(note)
    request_finished.connect(note)
    try:
        _, body = ask(handler, "where")
    finally:
        request_started.disconnect(note)
        request_finished.disconnect(note)

    assert len(seen) == 2
    assert str(seen[0]) in body.decode()
    assert seen[0] == seen[1] != threading.get_ident()


def test_nothing_of_a_request_is_left_for_the_next_on_its_thread(
    handler: ThreadedHandler,
) -> None:
    for _ in range(2):
        assert ask(handler, "leave_a_mark") == (200, PUBLIC.schema_name.encode())


def test_a_file_arrives_whole(handler: ThreadedHandler) -> None:
    assert ask(handler, "file") == (200, Path(__file__).read_bytes())


def test_a_body_arrives_whole(handler: ThreadedHandler, settings: Any) -> None:
    settings.MIDDLEWARE = []
    bare = ThreadedHandler()
    body = b"x" * 70_000 + b"end"

    assert ask(bare, "echo", body=body) == (200, body)
    bare.threads.shutdown()


def test_an_error_is_an_answer(handler: ThreadedHandler) -> None:
    assert ask(handler, "nowhere")[0] == 404
    assert ask(handler, "where")[0] == 200
