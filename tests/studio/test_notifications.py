"""Events become notifications for the members whom they concern, once."""

from __future__ import annotations

import pytest

from apps.orchestrator import services as orchestrator
from apps.orchestrator.models import Event
from apps.studio import notifications as rules
from apps.studio import queries
from apps.studio.events import notify_members
from apps.studio.models import Notification
from apps.studio.notifications import Rule
from apps.studio.services import notifications
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor


@pytest.fixture
def rule():
    """``rule(**options)``: a rule for ``test.happened`` that is gone after the test."""
    rules.forget("test.happened")
    yield lambda **options: rules.register_rule(Rule("test.happened", **options))
    rules.forget("test.happened")


def happen(actor, **more) -> Event:
    return orchestrator.emit(
        actor=actor, kind="test.happened", summary="Something happened", **more
    )


def told() -> set[int]:
    return set(Notification.objects.values_list("person_id", flat=True))


def test_members_hear_of_it_but_not_who_did_it(in_workspace, owner, viewer, actor_for, rule):
    rule()
    notify_members(happen(actor_for(owner, in_workspace)))
    assert told() == {viewer.pk}


def test_who_did_it_hears_too_where_the_rule_says_so(in_workspace, owner, actor_for, rule):
    rule(tell_actor=True)
    notify_members(happen(actor_for(owner, in_workspace)))
    assert told() == {owner.pk}


def test_only_those_who_hold_the_permission_hear(in_workspace, owner, admin, viewer, rule):
    rule(permission="workspace.manage")
    notify_members(happen(Actor.system(in_workspace)))
    assert told() == {owner.pk, admin.pk}


def test_an_event_that_may_not_be_seen_is_not_told(in_workspace, owner, viewer, rule):
    rule()
    notify_members(happen(Actor.system(in_workspace), permission="workspace.delete"))
    assert told() == {owner.pk}


def test_people_of_other_workspaces_hear_nothing(in_workspace, owner, other_owner, rule):
    rule(people=lambda event: [owner.pk, other_owner.pk])
    notify_members(happen(Actor.system(in_workspace)))
    assert told() == {owner.pk}


def test_a_person_hears_of_an_event_once_however_often_it_is_delivered(in_workspace, owner, rule):
    rule()
    event = happen(Actor.system(in_workspace))
    notify_members(event)
    notify_members(event)
    assert Notification.objects.count() == 1
    assert Event.objects.filter(kind="notification.created").count() == 1


def test_events_without_a_rule_tell_nobody(in_workspace, owner):
    notify_members(happen(Actor.system(in_workspace)))
    assert not Notification.objects.exists()


def test_marking_read_touches_only_ones_own(in_workspace, owner, viewer, actor_for, rule):
    rule()
    notify_members(happen(Actor.system(in_workspace)))
    others = Notification.objects.get(person=viewer)
    notifications.mark_read(actor=actor_for(owner, in_workspace), notification_id=others.pk)
    assert notifications.mark_all_read(actor=actor_for(owner, in_workspace)) == 1
    assert queries.unread_count(actor=actor_for(owner, in_workspace)) == 0
    assert queries.unread_count(actor=actor_for(viewer, in_workspace)) == 1
    assert queries.bell(actor=actor_for(owner, in_workspace)).unread == 0
    assert queries.bell(actor=actor_for(viewer, in_workspace)).unread == 1


def test_following_one_marks_it_read_and_leads_on(workspace, owner, client_for, rule):
    rule(url=lambda event: "/w/acme/projects")
    with workspace_context(workspace):
        notify_members(happen(Actor.system(workspace)))
        note = Notification.objects.get()
    response = client_for(owner).get(f"/w/acme/notifications/{note.pk}")
    assert response["Location"] == "/w/acme/projects"
    with workspace_context(workspace):
        assert Notification.objects.get().is_read


def test_another_persons_notification_stays_unread(workspace, owner, viewer, client_for, rule):
    rule(people=lambda event: [owner.pk], url=lambda event: "/w/acme/projects")
    with workspace_context(workspace):
        notify_members(happen(Actor.system(workspace)))
        note = Notification.objects.get()
    response = client_for(viewer).get(f"/w/acme/notifications/{note.pk}")
    assert response["Location"] == "/w/acme/notifications"
    with workspace_context(workspace):
        assert not Notification.objects.get().is_read


def test_the_drawer_gets_its_part_and_the_address_its_page(workspace, owner, client_for):
    client = client_for(owner)
    headers = {"HX-Request": "true", "HX-Target": "drawer-content"}
    part = client.get("/w/acme/notifications", headers=headers).content.decode()
    page = client.get("/w/acme/notifications").content.decode()
    assert "<html" not in part
    assert "<html" in page
    assert "All read, all done" in part


def test_pages_follow_each_other_without_gap_or_repeat(in_workspace, owner, actor_for, rule):
    rule()
    for _ in range(5):
        notify_members(happen(Actor.system(in_workspace)))
    actor = actor_for(owner, in_workspace)
    seen, before = [], None
    while True:
        page = queries.notifications(actor=actor, before=before, limit=2)
        seen += [note.sequence for note in page.rows]
        if page.older is None:
            break
        before = page.older
    assert len(seen) == 5
    assert seen == sorted(set(seen), reverse=True)


def test_a_kind_has_one_rule(rule):
    rule()
    with pytest.raises(ValueError, match="Two notification rules"):
        rule(tone="danger")


def test_every_rule_makes_words_and_an_address_from_an_event_of_its_kind(in_workspace):
    some_id = "01a1fc78-0000-7000-8000-000000000000"
    for rule in rules.all_rules():
        event = Event(
            sequence=1, kind=rule.kind, subject_kind="thing", subject_id=some_id,
            summary="It happened", data={"target": some_id, "about": None},
        )  # fmt: skip
        assert rule.title(event) == "It happened"
        assert rule.url(event).startswith("/w/acme/"), rule.kind


def test_a_failed_post_is_told_once_not_again_for_its_job(in_workspace, owner):
    system = Actor.system(in_workspace)
    some_id = "01a1fc78-0000-7000-8000-000000000000"
    both = {"post.failed": {"target": some_id}, "job.failed": {"about": ["target", some_id]}}
    for kind, data in both.items():
        event = orchestrator.emit(
            actor=system, kind=kind, subject=("x", some_id), data=data, summary="Could not publish"
        )
        notify_members(event)
    assert list(Notification.objects.values_list("kind", flat=True)) == ["post.failed"]


def test_the_bell_knows_the_newest_event_in_one_query(
    in_workspace, owner, actor_for, django_assert_num_queries
):
    actor = actor_for(owner, in_workspace)
    assert queries.bell(actor=actor) == (0, 0)
    last = happen(Actor.system(in_workspace))
    with django_assert_num_queries(1):
        assert queries.bell(actor=actor) == (0, last.sequence)
