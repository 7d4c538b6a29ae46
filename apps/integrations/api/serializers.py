"""What the API says about networks and connections, and what it takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from apps.workspaces.api import Body, ListQuery

State = Literal["active", "expired", "revoked", "error", "disconnected"]
Values = dict[
    Annotated[str, StringConstraints(max_length=60)],
    Annotated[str, StringConstraints(max_length=4000)],
]


class FieldOut(BaseModel):
    name: str
    label: str
    kind: Literal["text", "secret", "host"]
    required: bool
    help: str


class NetworkOut(BaseModel):
    provider: str
    name: str
    signs_in: bool = Field(description="Whether people sign in at the network's own page.")
    connect_fields: list[FieldOut] = Field(description="What typed access consists of.")
    sign_in_fields: list[FieldOut] = Field(description="What has to be known before the sign-in.")
    app: Literal["workspace", "installation", "not_needed", "missing"]
    review: str
    without_review: str


class NetworksOut(BaseModel):
    data: list[NetworkOut]


class MeterOut(BaseModel):
    name: str
    label: str
    kind: Literal["quota", "rate"]
    scope: str
    used: int
    limit: int
    resets_at: datetime | None
    by_network: bool = Field(description="The network's own figure, not only our count.")
    in_percent: bool = Field(description="The network tells a share only: `used` is in percent.")


class ConnectionOut(BaseModel):
    id: UUID
    provider: str
    host: str
    handle: str
    name: str
    state: State
    scopes: list[str]
    expires_at: datetime | None
    last_checked_at: datetime | None
    error_code: str
    error: str
    is_sandbox: bool
    created_at: datetime


class ConnectionDetail(ConnectionOut):
    meters: list[MeterOut]


class ConnectionQuery(ListQuery):
    provider: str | None = Field(None, max_length=40)
    state: State | None = None
    include_disconnected: bool = False


class ConnectIn(Body):
    values: Values = Field(
        default_factory=dict,
        max_length=20,
        description="`connect_fields` for typed access, or `sign_in_fields` before a sign-in.",
    )
    return_to: str = Field(
        "", max_length=500, description="A path of this workspace, for after the sign-in."
    )
    sandbox: bool = Field(False, description="At the simulated network.")


class Connected(BaseModel):
    connection: ConnectionOut | None = Field(description="Set when the account is connected.")
    authorize_url: str | None = Field(
        description="Else where its person goes on, signed in to Candy in the same browser."
    )


class ChoiceOut(BaseModel):
    number: int
    handle: str
    name: str
    is_connected: bool


class RefusedOut(BaseModel):
    name: str
    reason: str


class OfferOut(BaseModel):
    id: UUID
    provider: str
    accounts: list[ChoiceOut]
    not_granted: list[RefusedOut]


class PickIn(Body):
    accounts: list[int] = Field(
        min_length=1, max_length=200, description="The numbers of the accounts to connect."
    )


class Picked(BaseModel):
    connections: list[ConnectionOut]
