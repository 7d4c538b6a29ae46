"""The activity feed shows what one may see, newest first."""

from __future__ import annotations

import pytest

from apps.orchestrator import services as orchestrator
from apps.studio import queries
from apps.workspaces.types import Actor


@pytest.fixture
def system(in_workspace):
    return Actor.system(in_workspace)


def emit(actor, kind, **more):
    return orchestrator.emit(actor=actor, kind=kind, summary=f"{kind} happened", **more)


def kinds(page) -> list[str]:
    return [line.event.kind for line in page.rows]


def test_newest_first_with_the_name_of_who_did_it(in_workspace, owner, system, actor_for):
    emit(system, "post.published")
    emit(actor_for(owner, in_workspace), "post.scheduled")
    page = queries.feed(actor=actor_for(owner, in_workspace))
    assert kinds(page) == ["post.scheduled", "post.published"]
    assert [line.who for line in page.rows] == [owner.display_name, "Candy"]
    assert [line.by_machine for line in page.rows] == [False, True]


def test_what_one_may_not_see_is_left_out(in_workspace, owner, viewer, system, actor_for):
    emit(system, "post.published")
    emit(system, "key.made", permission="api_keys.manage")
    assert kinds(queries.feed(actor=actor_for(viewer, in_workspace))) == ["post.published"]
    assert len(queries.feed(actor=actor_for(owner, in_workspace)).rows) == 2


def test_the_plumbing_is_not_told(system):
    emit(system, "notification.created")
    assert queries.feed(actor=system).rows == []


def test_pages_by_cursor(system):
    for _ in range(5):
        emit(system, "post.published")
    first = queries.feed(actor=system, limit=3)
    second = queries.feed(actor=system, before=int(first.older), limit=3)
    assert [line.event.sequence for line in (*first.rows, *second.rows)] == [5, 4, 3, 2, 1]
    assert second.older is None


def test_one_kind_and_one_thing(system):
    emit(system, "post.published", subject=("post", "1"))
    emit(system, "poster.printed", subject=("post", "2"))
    assert kinds(queries.feed(actor=system, kind="post")) == ["post.published"]
    assert kinds(queries.feed(actor=system, subject=("post", "2"))) == ["poster.printed"]


def test_two_queries_however_many_lines(
    in_workspace, owner, system, actor_for, django_assert_num_queries
):
    for _ in range(20):
        emit(actor_for(owner, in_workspace), "post.published")
    with django_assert_num_queries(2):
        queries.feed(actor=system)


def test_another_workspaces_events_are_not_there(in_workspace, other_workspace, system):
    from apps.workspaces.tenancy import workspace_context

    with workspace_context(other_workspace):
        emit(Actor.system(other_workspace), "post.canary")
    assert queries.feed(actor=system).rows == []
