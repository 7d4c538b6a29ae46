"""The workspace a piece of code is in follows it, and never leaks to its neighbour."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import DataError, connection, connections
from django.db.backends.postgresql.base import TIMESTAMPTZ_OID
from django.db.backends.postgresql.psycopg_any import BaseTzLoader

from apps.workspaces.tenancy import current_workspace, require_workspace, workspace_context
from apps.workspaces.tenancy.context import NoWorkspace
from apps.workspaces.tenancy.state import scope


def schema_in_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def test_context_enters_and_comes_back(workspace: Any, other_workspace: Any) -> None:
    with workspace_context(workspace):
        assert schema_in_database() == workspace.schema_name
        with workspace_context(other_workspace):
            assert schema_in_database() == other_workspace.schema_name
        assert schema_in_database() == workspace.schema_name
        assert current_workspace() == workspace
    assert schema_in_database() == "public"
    with pytest.raises(NoWorkspace):
        require_workspace()


@pytest.mark.parametrize(
    "text",
    ["2026-11-21 06:49:49.1+00", "1969-01-01 00:00:00.000001+00", "0033-04-03 15:00:00+00"],
)
def test_instants_come_as_django_gives_them(db: None, text: str) -> None:
    django = type("DjangosLoader", (BaseTzLoader,), {"timezone": UTC})(TIMESTAMPTZ_OID)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [text])
        (found,) = cursor.fetchone()
    assert found == django.load(text.encode())
    assert found.tzinfo is UTC


def test_an_instant_beyond_pythons_years_is_an_error_as_ever(db: None) -> None:
    with connection.cursor() as cursor, pytest.raises(DataError):
        cursor.execute("SELECT '0044-03-15 12:00+00 BC'::timestamptz")
        cursor.fetchone()


@pytest.mark.django_db(transaction=True)
def test_two_threads_at_once_stay_apart(workspace: Any, other_workspace: Any) -> None:
    wrong: list[str] = []
    barrier = threading.Barrier(2)

    def read(which: Any) -> None:
        barrier.wait()
        for _ in range(100):
            with workspace_context(which):
                seen = schema_in_database()
                if seen != which.schema_name:
                    wrong.append(seen)
        connections.close_all()

    threads = [threading.Thread(target=read, args=[w]) for w in (workspace, other_workspace)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert wrong == []


@pytest.mark.django_db(transaction=True)
def test_a_pool_thread_that_is_used_again_starts_in_public(workspace: Any) -> None:
    with ThreadPoolExecutor(1) as pool:

        def inside() -> str:
            with workspace_context(workspace):
                return schema_in_database()

        assert pool.submit(inside).result() == workspace.schema_name
        assert pool.submit(schema_in_database).result() == "public"
        pool.submit(connections.close_all).result()


@pytest.mark.django_db(transaction=True)
def test_context_follows_into_sync_to_async_and_tasks_stay_apart(
    workspace: Any, other_workspace: Any
) -> None:
    async def read(which: Any) -> set[str]:
        with workspace_context(which):
            seen = set()
            for _ in range(20):
                await asyncio.sleep(0)
                seen.add(await sync_to_async(schema_in_database)())
            return seen

    async def both() -> list[set[str]]:
        return await asyncio.gather(read(workspace), read(other_workspace))

    seen = asyncio.run(both())
    assert seen == [{workspace.schema_name}, {other_workspace.schema_name}]


def test_a_new_connection_does_not_take_the_caller_out_of_its_workspace(workspace: Any) -> None:
    with workspace_context(workspace):
        connections.create_connection("default").close()
        assert scope.get().schema_name == workspace.schema_name


def test_search_path_is_set_again_after_a_rollback(workspace: Any) -> None:
    from django.db import transaction

    with workspace_context(workspace):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert schema_in_database() == workspace.schema_name
            raise ZeroDivisionError
        assert schema_in_database() == workspace.schema_name
