"""Members, invitations, keys and the workspace itself: who may, who may not, and what is kept."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.errors import NotAuthenticated, NotFound
from apps.workspaces import permissions
from apps.workspaces.errors import LastOwner
from apps.workspaces.models import (
    ApiKey,
    AuditEntry,
    Invitation,
    Membership,
    Role,
    SlugHistory,
    Workspace,
)
from apps.workspaces.services import (
    access,
    announce,
    api_keys,
    audit,
    exporting,
    invitations,
    keys,
    lifecycle,
    members,
)
from apps.workspaces.types import Actor
from tests.support.jobs import run_waiting

pytestmark = pytest.mark.django_db
BASE = "/w/acme/settings"


def snapshot() -> list[Any]:
    """Everything that the settings pages can change."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Invitation, Role, ApiKey, AuditEntry, SlugHistory)
    ] + [
        list(Membership.objects.order_by("pk").values("workspace_id", "user_id", "role_id")),
        list(Workspace.objects.order_by("pk").values("slug", "name", "state")),
    ]


CHANGES = [
    ("members/invite/", {"email": "new@acme.example", "role": "viewer"}),
    ("members/{viewer}/role/", {"role": "admin"}),
    ("members/{viewer}/remove/", {}),
    ("members/{viewer}/owner/", {}),
    ("invitations/{invitation}/resend/", {}),
    ("invitations/{invitation}/revoke/", {}),
    ("workspace/", {"name": "Taken over", "time_zone": "UTC"}),
    ("workspace/address/", {"slug": "taken-over"}),
    ("workspace/delete/", {"confirm": "acme"}),
    ("keys/", {"name": "CI"}),
    ("keys/{key}/rotate/", {"grace": "0"}),
    ("keys/{key}/revoke/", {}),
]


@pytest.fixture
def ids(workspace: Any, owner: User, viewer: User, actor_for: Any) -> dict[str, int]:
    actor = actor_for(owner, workspace)
    return {
        "viewer": Membership.objects.get(user=viewer).pk,
        "invitation": invitations.invite(actor=actor, email="i@acme.example", role="viewer").pk,
        "key": keys.create(actor=actor, name="Robot").key.pk,
    }


@pytest.mark.parametrize(("path", "data"), CHANGES)
def test_nothing_happens_for_those_who_may_not(
    path: str,
    data: dict[str, str],
    ids: dict[str, int],
    client_for: Any,
    viewer: User,
    outsider: User,
    other_owner: User,
) -> None:
    address = f"{BASE}/{path.format(**ids)}"
    before = snapshot()
    for client, status in (
        (client_for(viewer), 403),
        (client_for(outsider), 404),
        (client_for(other_owner), 404),
        (Client(), 302),
    ):
        assert client.post(address, data).status_code == status
    assert snapshot() == before


@pytest.mark.parametrize(("path", "data"), CHANGES)
def test_the_owner_may_and_it_is_kept(
    path: str, data: dict[str, str], ids: dict[str, int], client_for: Any, owner: User
) -> None:
    entries = AuditEntry.objects.count()
    response = client_for(owner).post(f"{BASE}/{path.format(**ids)}", data)
    assert response.status_code in (200, 302), response.content
    assert AuditEntry.objects.count() > entries
    entry = AuditEntry.objects.latest("at")
    assert (entry.actor_user_id, entry.address) == (owner.pk, "127.0.0.1")
    assert audit.verify(workspace_id=entry.workspace_id) is None


@pytest.mark.parametrize("page", ["workspace", "members", "keys", "audit"])
def test_pages_open_for_the_owner_and_hide_for_strangers(
    page: str, ids: dict[str, int], client_for: Any, owner: User, outsider: User
) -> None:
    assert client_for(owner).get(f"{BASE}/{page}/").status_code == 200
    assert client_for(outsider).get(f"{BASE}/{page}/").status_code == 404


def test_ids_of_another_workspace_are_unknown_here(
    ids: dict[str, int], client_for: Any, other_owner: User
) -> None:
    before = snapshot()
    client = client_for(other_owner)
    for path, data in CHANGES:
        if "{" in path:
            client.post(f"/w/globex/settings/{path.format(**ids)}", data)
    assert snapshot() == before


def test_an_admin_cannot_make_or_unmake_owners(
    client_for: Any, admin: User, owner: User, viewer: User
) -> None:
    client = client_for(admin)
    before = snapshot()
    for person, role in ((viewer, "owner"), (owner, "viewer")):
        member = Membership.objects.get(user=person)
        assert client.post(f"{BASE}/members/{member.pk}/role/", {"role": role}).status_code == 403
    assert snapshot() == before


def test_the_last_owner_stays(workspace: Any, owner: User, admin: User, actor_for: Any) -> None:
    actor = actor_for(owner, workspace)
    with pytest.raises(LastOwner):
        members.leave(actor=actor)
    mine = Membership.objects.get(user=owner)
    with pytest.raises(LastOwner):
        members.change_role(actor=actor, membership_id=mine.pk, role="admin")
    heir = Membership.objects.get(user=admin)
    members.transfer_ownership(actor=actor, membership_id=heir.pk)
    members.leave(actor=actor_for(owner, workspace))
    assert not Membership.objects.filter(user=owner).exists()
    assert Membership.objects.get(user=admin).role.key == "owner"


def mailed_token() -> str:
    run_waiting()
    found = re.search(r"/invitations/([\w-]+)/", mail.outbox[-1].body)
    assert found
    return found.group(1)


def test_an_invitation_lets_in_only_the_person_it_was_sent_to(
    workspace: Any, owner: User, outsider: User, other_owner: User, actor_for: Any, client_for: Any
) -> None:
    invitations.invite(actor=actor_for(owner, workspace), email=outsider.email, role="contributor")
    token = mailed_token()
    assert token not in json.dumps(list(Invitation.objects.values()), default=str)
    wrong = client_for(other_owner).post(f"/invitations/{token}/accept/")
    assert wrong.status_code == 403
    client = client_for(outsider)
    assert client.get(f"/invitations/{token}/").status_code == 200
    assert client.post(f"/invitations/{token}/accept/")["Location"] == "/w/acme/"
    assert Membership.objects.get(user=outsider).role.key == "contributor"
    assert client.post(f"/invitations/{token}/accept/").status_code == 410  # once


def test_an_invitation_ends_by_time_by_hand_and_by_a_newer_one(
    workspace: Any, owner: User, outsider: User, actor_for: Any
) -> None:
    actor = actor_for(owner, workspace)
    first = invitations.invite(actor=actor, email=outsider.email, role="viewer")
    old = mailed_token()
    second = invitations.resend(actor=actor, invitation_id=first.pk)
    assert second.pk == first.pk
    assert Client().get(f"/invitations/{old}/").status_code == 404
    token = mailed_token()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(f"/invitations/{token}/").status_code == 410
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    invitations.revoke(actor=actor, invitation_id=first.pk)
    assert Client().get(f"/invitations/{token}/").status_code == 410


def test_somebody_new_joins_by_the_link_without_a_second_mail(
    workspace: Any, owner: User, actor_for: Any, client: Client
) -> None:
    invitations.invite(actor=actor_for(owner, workspace), email="new@acme.example", role="viewer")
    token = mailed_token()
    client.get(f"/invitations/{token}/")
    sent = len(mail.outbox)
    fields = {"name": "Nia", "email": "new@acme.example", "password1": "correct horse battery"}
    response = client.post("/accounts/signup/", fields)
    assert response["Location"] == f"/invitations/{token}/"
    assert len(mail.outbox) == sent
    client.post(f"/invitations/{token}/accept/")
    assert client.get("/w/acme/settings/members/").status_code == 200


def test_a_role_of_the_workspace_needs_no_schema_change(
    workspace: Any, viewer: User, actor_for: Any
) -> None:
    role = Role.objects.create(
        workspace=workspace, key="keeper", name="Keeper", permissions=["members.manage"]
    )
    Membership.objects.filter(user=viewer).update(role=role)
    actor = actor_for(viewer, workspace)
    assert actor.permissions == {"members.manage"}


def test_a_key_narrows_rotates_and_stops(workspace: Any, owner: User, actor_for: Any) -> None:
    actor = actor_for(owner, workspace)
    made = keys.create(actor=actor, name="CI", scopes=[permissions.VIEW])
    _, entry = access.by_key(raw_key=made.raw, slug="acme")
    assert entry.actor.permissions == {permissions.VIEW}
    rotated = keys.rotate(actor=actor, key_id=made.key.pk, grace=timedelta(hours=1))
    assert api_keys.authenticate(raw_key=made.raw).pk == made.key.pk  # still, for an hour
    assert api_keys.authenticate(raw_key=rotated.raw).scopes == [permissions.VIEW]
    keys.revoke(actor=actor, key_id=rotated.key.pk)
    with pytest.raises(NotAuthenticated):
        api_keys.authenticate(raw_key=rotated.raw)


def test_the_door_reads_in_one_query_what_the_models_hold(
    workspace: Any, owner: User, actor_for: Any, django_assert_num_queries: Any
) -> None:
    made = keys.create(actor=actor_for(owner, workspace), name="CI", scopes=[permissions.VIEW])
    expected = Membership.objects.select_related("workspace", "role", "user").get(user=owner)
    of_key = api_keys.authenticate(raw_key=made.raw)
    of_key.refresh_from_db()
    with django_assert_num_queries(1):
        key, entry = access.by_key(raw_key=made.raw, slug="acme")
        found = entry.membership
        pairs = [
            (found, expected),
            (found.workspace, expected.workspace),
            (found.role, expected.role),
            (found.user, expected.user),
            (key, of_key),
            (key.user, expected.user),
        ]
    for one, other in pairs:
        assert type(one) is type(other)
        for field in other._meta.concrete_fields:
            assert getattr(one, field.attname) == getattr(other, field.attname), field
        assert not one._state.adding


@pytest.mark.parametrize("gone", ["key", "member", "person", "role"])
def test_a_key_stops_with_the_next_request(
    gone: str, workspace: Any, admin: User, actor_for: Any, owner: User
) -> None:
    made = keys.create(actor=actor_for(admin, workspace), name="CI", scopes=[])
    assert access.by_key(raw_key=made.raw, slug="acme")[1].actor.can(permissions.VIEW)
    if gone == "key":
        keys.revoke(actor=actor_for(owner, workspace), key_id=made.key.pk)
    elif gone == "member":
        Membership.objects.filter(user=admin).delete()
    elif gone == "person":
        User.objects.filter(pk=admin.pk).update(is_active=False)
    else:
        bare = Role.objects.create(workspace=workspace, key="bare", name="Bare", permissions=[])
        Membership.objects.filter(user=admin).update(role=bare)
        assert not access.by_key(raw_key=made.raw, slug="acme")[1].actor.permissions
        return
    with pytest.raises(NotAuthenticated if gone == "key" else NotFound):
        access.by_key(raw_key=made.raw, slug="acme")


def test_a_mistyped_key_costs_no_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0), pytest.raises(NotAuthenticated):
        api_keys.authenticate(raw_key=api_keys.generate()[:-1] + "!")


def test_the_page_that_shows_a_key_is_not_kept(client_for: Any, owner: User) -> None:
    response = client_for(owner).post(f"{BASE}/keys/", {"name": "CI"})
    raw = re.search(r"candy_[0-9A-Za-z]{36}", response.content.decode())
    assert raw
    assert "no-store" in response["Cache-Control"]
    assert raw.group(0) not in client_for(owner).get(f"{BASE}/keys/").content.decode()


def test_the_old_address_leads_to_the_new_one(client_for: Any, owner: User, outsider: User) -> None:
    client_for(owner).post(f"{BASE}/workspace/address/", {"slug": "acme-two"})
    response = client_for(owner).get("/w/acme/settings/members/?x=1")
    assert response.status_code == 308
    assert response["Location"] == "/w/acme-two/settings/members/?x=1"
    assert client_for(outsider).get("/w/acme/settings/members/").status_code == 404


def test_the_door_is_one_query(
    client_for: Any, owner: User, workspace: Any, django_assert_num_queries: Any
) -> None:
    client = client_for(owner)
    client.get("/w/acme/no-such-page/x/")
    session = client.session
    access.by_session(session=session, slug="acme")
    with django_assert_num_queries(1):
        entry = access.by_session(session=session, slug="acme")
    assert entry is not None
    assert entry.actor.user_id == owner.pk


def test_closed_workspaces_say_so(workspace: Any, owner: User, client_for: Any) -> None:
    client = client_for(owner)
    lifecycle.suspend(actor=Actor.system(workspace), reason="unpaid")
    assert client.get(f"{BASE}/members/").status_code == 403
    lifecycle.resume(actor=Actor.system(workspace))
    client.post(f"{BASE}/workspace/delete/", {"confirm": "acme"})
    assert client.get(f"{BASE}/members/").status_code == 410
    assert b"Bring back" in client.get("/new/").content
    assert client.post("/new/restore/acme/")["Location"] == "/w/acme/"
    assert client.get(f"{BASE}/members/").status_code == 200


def test_the_trail_can_only_grow_and_shows_tampering(workspace: Any) -> None:
    actor = Actor.system(workspace)
    for number in range(3):
        audit.record(actor=actor, action="test.done", subject=("thing", str(number)))
    for attempt in (AuditEntry.objects.all().delete, lambda: AuditEntry.objects.update(action="x")):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE workspaces_auditentry DISABLE TRIGGER USER")
        cursor.execute("UPDATE workspaces_auditentry SET action = 'x' WHERE sequence = 2")
    assert audit.verify(workspace_id=workspace.pk) == 2


def test_what_happens_is_announced_inside_the_workspace(
    workspace: Any, owner: User, actor_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.workspaces.tenancy import current_workspace

    heard: list[tuple[str, Any]] = []
    monkeypatch.setattr(
        announce, "_listeners", [lambda **kw: heard.append((kw["kind"], current_workspace()))]
    )
    keys.create(actor=actor_for(owner, workspace), name="CI")
    assert heard == [("api_key.created", workspace)]


def test_what_happens_becomes_an_event_that_managers_see(
    workspace: Any, owner: User, actor_for: Any
) -> None:
    from apps.orchestrator.models import Event
    from apps.workspaces.tenancy import workspace_context

    keys.create(actor=actor_for(owner, workspace), name="CI")
    with workspace_context(workspace):
        event = Event.objects.get(kind="api_key.created")
    assert event.permission == "members.manage"
    assert "CI" in event.summary


def test_an_export_counts_what_it_holds(workspace: Any, owner: User, tmp_path: Any) -> None:
    manifest = exporting.export(workspace=workspace, path=tmp_path / "acme.zip")
    assert manifest["tables"]["workspace/members"]["rows"] == 1
    with zipfile.ZipFile(tmp_path / "acme.zip") as archive:
        assert owner.email in archive.read("workspace/members.jsonl").decode()
        for name, table in manifest["tables"].items():
            assert len(archive.read(f"{name}.jsonl").splitlines()) == table["rows"]
    assert list(tmp_path.iterdir()) == [tmp_path / "acme.zip"]


@pytest.mark.django_db(transaction=True)
def test_an_operator_makes_a_workspace_and_drops_it(
    tmp_path: Any, capsys: Any, client: Client
) -> None:
    call_command("createworkspace", slug="ops", owner="Boss@ops.example", name="Ops")
    link = re.search(r"(/accounts/password/reset/key/\S+)", capsys.readouterr().out)
    assert link
    assert b"Choose a password" in client.get(link.group(1), follow=True).content
    call_command("createapikey", workspace="ops", user="boss@ops.example", scopes="workspace.view")
    raw = capsys.readouterr().out.strip()
    assert api_keys.authenticate(raw_key=raw).scopes == ["workspace.view"]
    with pytest.raises(CommandError):
        call_command("createworkspace", slug="ops", owner="boss@ops.example")
    call_command("dropworkspace", "ops", output=tmp_path / "ops.zip", no_input=True)
    assert (tmp_path / "ops.zip").exists()
    assert not Workspace.objects.filter(slug="ops").exists()
    assert AuditEntry.objects.filter(action="workspace.purged").exists()
