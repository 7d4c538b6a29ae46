"""Members, invitations and the workspace itself by REST."""

from __future__ import annotations

from typing import Any

from django.core import mail

from apps.workspaces.models import Invitation, Membership
from tests.support.jobs import run_waiting


def test_an_admin_invites_and_withdraws(api_for: Any, admin: Any, workspace: Any) -> None:
    api = api_for(admin)
    body = {"email": "new@acme.example", "role": "viewer"}
    made = api.post("invitations", body, Idempotency_Key="i")
    assert made.status_code == 201, made.content
    assert made.json()["role"] == "viewer"
    assert api.post("invitations", body, Idempotency_Key="i").json() == made.json()
    assert Invitation.objects.count() == 1
    run_waiting()
    assert [message.to for message in mail.outbox] == [["new@acme.example"]]
    assert [row["email"] for row in api.get("invitations").json()["data"]] == ["new@acme.example"]
    assert api.delete(f"invitations/{made.json()['id']}").status_code == 204
    assert api.get("invitations").json()["data"] == []


def test_roles_are_changed_and_members_leave(
    api_for: Any, owner: Any, viewer: Any, workspace: Any
) -> None:
    member, api = Membership.objects.get(user=viewer), api_for(owner)
    assert api.patch(f"members/{member.pk}", {"role": "admin"}).json()["role"] == "admin"
    wrong = api.patch(f"members/{member.pk}", {"role": "emperor"})
    assert 400 <= wrong.status_code < 500
    assert api.delete(f"members/{member.pk}").status_code == 204
    assert not Membership.objects.filter(user=viewer).exists()
    alone = Membership.objects.get(user=owner)
    assert 400 <= api.delete(f"members/{alone.pk}").status_code < 500  # the last owner stays
    assert Membership.objects.filter(pk=alone.pk).exists()


def test_refusals_change_nothing(
    api_for: Any, contributor: Any, outsider: Any, other_owner: Any, owner: Any, workspace: Any
) -> None:
    member = Membership.objects.get(user=owner)
    for api, status in (
        (api_for(contributor), 403),
        (api_for(owner, scopes=["posts.write"]), 403),
        (api_for(outsider), 404),
        (api_for(other_owner), 404),
    ):
        assert api.patch("workspace", {"name": "Taken"}).status_code == status
        assert api.post("invitations", {"email": "x@y.example"}).status_code == status
        assert api.patch(f"members/{member.pk}", {"role": "viewer"}).status_code == status
        assert api.delete(f"members/{member.pk}").status_code == status
    workspace.refresh_from_db()
    member.refresh_from_db()
    assert (workspace.name, member.role.key) == ("Acme", "owner")
    assert (Invitation.objects.count(), run_waiting(), mail.outbox) == (0, 0, [])


def test_the_workspace_is_renamed(api_for: Any, owner: Any, workspace: Any) -> None:
    api = api_for(owner)
    changed = api.patch("workspace", {"name": "Acme Ltd", "time_zone": "Europe/Vienna"})
    assert (changed.json()["name"], changed.json()["time_zone"]) == ("Acme Ltd", "Europe/Vienna")
    wrong = api.patch("workspace", {"time_zone": "Mars/Base"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "time_zone")
