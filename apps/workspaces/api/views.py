"""The caller, their workspaces, and the people of a workspace."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from apps.errors import NotFound
from apps.workspaces import permissions, queries
from apps.workspaces.api.base import PersonView, WorkspaceView
from apps.workspaces.api.inputs import ListQuery
from apps.workspaces.api.operations import operation
from apps.workspaces.api.pagination import Ordering, Page, paginate
from apps.workspaces.api.serializers import (
    MEMBER_COLUMNS,
    InvitationIn,
    InvitationOut,
    Me,
    MemberOut,
    MemberPatch,
    MemberQuery,
    WorkspaceDetail,
    WorkspaceOut,
    WorkspacePatch,
    present_invitation,
    present_member,
    present_workspace,
)
from apps.workspaces.models import Invitation, Membership, Workspace
from apps.workspaces.services import invitations, lifecycle, members

OLDEST = Ordering("pk")


class MeView(PersonView):
    @operation("Who am I", returns=Me)
    def get(self, request: Request) -> dict[str, Any]:
        person = self.person
        return {
            "id": person.pk,
            "email": person.email,
            "name": person.name,
            "time_zone": person.time_zone,
            "language": person.language,
            "authenticated_by": "session" if self.key is None else "api_key",
        }


class WorkspacesView(PersonView):
    @operation(
        "List my workspaces",
        query=ListQuery,
        returns=Page[WorkspaceOut],
        description="An API key sees the one workspace that it is for.",
    )
    def get(self, request: Request, *, query: ListQuery) -> dict[str, Any]:
        rows = Membership.objects.filter(
            user=self.person, workspace__state=Workspace.State.READY
        ).select_related("workspace", "role")
        if self.key is not None:
            rows = rows.filter(workspace_id=self.key.workspace_id)
        return paginate(rows, query, present=present_workspace, ordering=OLDEST)


class WorkspaceDetailView(WorkspaceView):
    @operation("Get the workspace", permission=permissions.VIEW, returns=WorkspaceDetail)
    def get(self, request: Request) -> dict[str, Any]:
        return self._present()

    @operation(
        "Change the workspace",
        permission=permissions.MANAGE_SETTINGS,
        body=WorkspacePatch,
        returns=WorkspaceDetail,
    )
    def patch(self, request: Request, *, body: WorkspacePatch) -> dict[str, Any]:
        workspace = self.membership.workspace
        self.membership.workspace = lifecycle.update(
            actor=self.actor,
            name=workspace.name if body.name is None else body.name,
            time_zone=workspace.time_zone if body.time_zone is None else body.time_zone,
        )
        return self._present()

    def _present(self) -> dict[str, Any]:
        """Membership and workspace were loaded at the door; no query."""
        held = [p.key for p in permissions.all_permissions() if self.actor.can(p.key)]
        return {**present_workspace(self.membership), "permissions": held}


class MembersView(WorkspaceView):
    @operation(
        "List members", permission=permissions.VIEW, query=MemberQuery, returns=Page[MemberOut]
    )
    def get(self, request: Request, *, query: MemberQuery) -> dict[str, Any]:
        rows = Membership.objects.filter(workspace_id=self.workspace_id)
        if query.role:
            rows = rows.filter(role__key=query.role)
        return paginate(
            rows.values(*MEMBER_COLUMNS), query, present=present_member, ordering=OLDEST
        )


class MemberView(WorkspaceView):
    @operation("Get a member", permission=permissions.VIEW, returns=MemberOut)
    def get(self, request: Request, *, member_id: int) -> dict[str, Any]:
        return present_member(self._row(member_id))

    @operation(
        "Give a member another role",
        permission=permissions.MANAGE_MEMBERS,
        body=MemberPatch,
        returns=MemberOut,
    )
    def patch(self, request: Request, *, member_id: int, body: MemberPatch) -> dict[str, Any]:
        members.change_role(actor=self.actor, membership_id=member_id, role=body.role)
        return present_member(self._row(member_id))

    @operation("Take a member out", permission=permissions.MANAGE_MEMBERS, status=204)
    def delete(self, request: Request, *, member_id: int) -> None:
        members.remove(actor=self.actor, membership_id=member_id)

    def _row(self, member_id: int) -> dict[str, Any]:
        row = (
            Membership.objects.filter(workspace_id=self.workspace_id, pk=member_id)
            .values(*MEMBER_COLUMNS)
            .first()
        )
        if row is None:
            raise NotFound("There is no such member.")
        return dict(row)


class InvitationsView(WorkspaceView):
    @operation(
        "List open invitations",
        permission=permissions.MANAGE_MEMBERS,
        query=ListQuery,
        returns=Page[InvitationOut],
    )
    def get(self, request: Request, *, query: ListQuery) -> dict[str, Any]:
        rows = queries.open_invitations(workspace_id=self.workspace_id)
        return paginate(
            rows.select_related("role"), query, present=present_invitation, ordering=OLDEST
        )

    @operation(
        "Invite somebody",
        permission=permissions.MANAGE_MEMBERS,
        body=InvitationIn,
        returns=InvitationOut,
        status=201,
        description="Sends a mail with a link. An open invitation is renewed and sent again.",
    )
    def post(self, request: Request, *, body: InvitationIn) -> dict[str, Any]:
        made = invitations.invite(actor=self.actor, email=body.email, role=body.role)
        return present_invitation(Invitation.objects.select_related("role").get(pk=made.pk))


class InvitationView(WorkspaceView):
    @operation("Withdraw an invitation", permission=permissions.MANAGE_MEMBERS, status=204)
    def delete(self, request: Request, *, invitation_id: int) -> None:
        invitations.revoke(actor=self.actor, invitation_id=invitation_id)
