"""What the API says about people and workspaces."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import BaseModel, Field, field_validator

from apps.workspaces.api.inputs import Body, ListQuery


class Me(BaseModel):
    """The person who calls, or whom the key stands for."""

    id: int
    email: str
    name: str
    time_zone: str
    language: str
    authenticated_by: Literal["session", "api_key"]


class WorkspaceOut(BaseModel):
    id: int
    slug: str
    name: str
    state: str
    time_zone: str
    is_sandbox: bool
    created_at: datetime
    role: str = Field(description="The caller's role here.")


class WorkspaceDetail(WorkspaceOut):
    permissions: list[str] = Field(description="What the caller may do here.")


class WorkspacePatch(Body):
    name: str | None = Field(None, min_length=1, max_length=120)
    time_zone: str | None = Field(None, description="An IANA name, such as `Europe/Vienna`.")

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError("this is not the name of a time zone")
        return value


class MemberOut(BaseModel):
    id: int
    user_id: int
    name: str
    email: str
    role: str
    joined_at: datetime
    last_seen_at: datetime | None


class MemberQuery(ListQuery):
    role: str | None = Field(None, max_length=32)


class MemberPatch(Body):
    role: str = Field(min_length=1, max_length=32)


class InvitationIn(Body):
    email: str = Field(max_length=254)
    role: str = Field("contributor", min_length=1, max_length=32)

    @field_validator("email")
    @classmethod
    def _is_address(cls, value: str) -> str:
        try:
            validate_email(value)
        except ValidationError as error:
            raise ValueError("this is not an email address") from error
        return value


class InvitationOut(BaseModel):
    id: int
    email: str
    role: str
    created_at: datetime
    expires_at: datetime


def present_workspace(membership: Any) -> dict[str, Any]:
    """``membership`` with workspace and role loaded."""
    workspace = membership.workspace
    return {
        "id": workspace.pk,
        "slug": workspace.slug,
        "name": workspace.name,
        "state": workspace.state,
        "time_zone": workspace.time_zone,
        "is_sandbox": workspace.is_sandbox,
        "created_at": workspace.created_at,
        "role": membership.role.key,
    }


def present_member(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "user_id": row["user_id"],
        "name": row["user__name"],
        "email": row["user__email"],
        "role": row["role__key"],
        "joined_at": row["created_at"],
        "last_seen_at": row["last_seen_at"],
    }


MEMBER_COLUMNS = (
    "id",
    "user_id",
    "user__name",
    "user__email",
    "role__key",
    "created_at",
    "last_seen_at",
)


def present_invitation(invitation: Any) -> dict[str, Any]:
    """``invitation`` with its role loaded."""
    return {
        "id": invitation.pk,
        "email": invitation.email,
        "role": invitation.role.key,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
    }
