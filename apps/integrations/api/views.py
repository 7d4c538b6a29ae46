"""Networks, connections and accounts to pick from by REST."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from apps.integrations import permissions, providers, queries
from apps.integrations.api.serializers import (
    Connected,
    ConnectIn,
    ConnectionDetail,
    ConnectionOut,
    ConnectionQuery,
    NetworksOut,
    OfferOut,
    Picked,
    PickIn,
)
from apps.integrations.models import Connection
from apps.integrations.providers.base import Field
from apps.integrations.services import apps, connections, joining, meters, offers
from apps.workspaces.api import Ordering, Page, WorkspaceView, operation, paginate

NEWEST = Ordering("pk", descending=True)


def present_connection(row: Connection) -> dict[str, Any]:
    return {
        "id": row.pk,
        "provider": row.provider,
        "host": row.host,
        "handle": row.handle,
        "name": row.name,
        "state": row.state,
        "scopes": row.scopes,
        "expires_at": row.expires_at,
        "last_checked_at": row.last_checked_at,
        "error_code": row.last_error_code,
        "error": row.last_error,
        "is_sandbox": row.is_sandbox,
        "created_at": row.created_at,
    }


class NetworksView(WorkspaceView):
    @operation("List networks", permission=permissions.VIEW, returns=NetworksOut)
    def get(self, request: Request) -> dict[str, Any]:
        sources = apps.sources()
        return {
            "data": [
                {
                    "provider": network.key,
                    "name": network.name,
                    "signs_in": network.oauth,
                    "connect_fields": _fields(network.connect_fields),
                    "sign_in_fields": _fields(network.oauth_fields),
                    "app": sources[network.key],
                    "review": network.capabilities.access.review,
                    "without_review": network.capabilities.access.without_review,
                }
                for network in providers.all_publishers()
            ]
        }


class ConnectView(WorkspaceView):
    @operation(
        "Connect an account",
        permission=permissions.MANAGE,
        body=ConnectIn,
        returns=Connected,
        in_transaction=False,
        description="With all of `connect_fields` in `values` the account is connected (the same one "
        "again is renewed, its history stays). Else the answer is the network's sign-in page for the "
        "key's person; several accounts are offered afterwards to pick from.",
    )
    def post(self, request: Request, *, provider: str, body: ConnectIn) -> dict[str, Any]:
        return _joined(joining.join(actor=self.actor, provider=provider, **body.model_dump()))


class ConnectionsView(WorkspaceView):
    @operation(
        "List connections",
        permission=permissions.VIEW,
        query=ConnectionQuery,
        returns=Page[ConnectionOut],
    )
    def get(self, request: Request, *, query: ConnectionQuery) -> dict[str, Any]:
        asked = {"provider": query.provider, "state": query.state}
        rows = Connection.objects.filter(**{name: value for name, value in asked.items() if value})
        if not query.include_disconnected and query.state != "disconnected":
            rows = rows.exclude(state=Connection.State.DISCONNECTED)
        return paginate(rows, query, present=present_connection, ordering=NEWEST, name="newest")


class ConnectionView(WorkspaceView):
    @operation(
        "Get a connection with its meters", permission=permissions.VIEW, returns=ConnectionDetail
    )
    def get(self, request: Request, *, connection_id: UUID) -> dict[str, Any]:
        row = queries.connection(actor=self.actor, connection_id=connection_id)
        return {
            **present_connection(row),
            "meters": [asdict(meter) for meter in meters.meters(row)],
        }

    @operation(
        "Disconnect an account",
        permission=permissions.MANAGE,
        status=204,
        description="Its credentials are forgotten; its posts and numbers stay.",
    )
    def delete(self, request: Request, *, connection_id: UUID) -> None:
        connections.disconnect(actor=self.actor, connection_id=connection_id)


class CheckView(WorkspaceView):
    @operation(
        "Check a connection now",
        permission=permissions.CHECK,
        returns=ConnectionOut,
        in_transaction=False,
        description="Asks the network whether the access is alive and reads limits and quotas again.",
    )
    def post(self, request: Request, *, connection_id: UUID) -> dict[str, Any]:
        return present_connection(connections.check(actor=self.actor, connection_id=connection_id))


class ReconnectView(WorkspaceView):
    @operation(
        "Reconnect an account",
        permission=permissions.MANAGE,
        body=ConnectIn,
        returns=Connected,
        in_transaction=False,
        description="As connecting, for this account only. The row, its history and a refresh token "
        "that the network does not send again stay.",
    )
    def post(self, request: Request, *, connection_id: UUID, body: ConnectIn) -> dict[str, Any]:
        row = queries.connection(actor=self.actor, connection_id=connection_id)
        given = body.model_dump() | {"sandbox": body.sandbox or row.is_sandbox}
        return _joined(joining.join(actor=self.actor, provider=row.provider, again=row, **given))


class OfferView(WorkspaceView):
    @operation(
        "Get the accounts to pick from",
        permission=permissions.MANAGE,
        returns=OfferOut,
        description="After a sign-in that speaks for several accounts; for its person alone, for ten "
        "minutes.",
    )
    def get(self, request: Request, *, sign_in_id: UUID) -> dict[str, Any]:
        offer = offers.read(actor=self.actor, sign_in_id=sign_in_id)
        return {
            "id": offer.sign_in.pk,
            "provider": offer.sign_in.provider,
            "accounts": [
                {
                    "number": choice.number,
                    "handle": choice.account.handle,
                    "name": choice.account.name,
                    "is_connected": choice.is_connected,
                }
                for choice in offer.choices
            ],
            "not_granted": [asdict(one) for one in offer.refused],
        }


class PickView(WorkspaceView):
    @operation(
        "Connect the accounts that were picked",
        permission=permissions.MANAGE,
        body=PickIn,
        returns=Picked,
        description="Uses the sign-in up: what is not picked is forgotten.",
    )
    def post(self, request: Request, *, sign_in_id: UUID, body: PickIn) -> dict[str, Any]:
        stored = offers.pick(actor=self.actor, sign_in_id=sign_in_id, numbers=body.accounts)
        return {"connections": [present_connection(row) for row in stored]}


def _joined(done: joining.Joined) -> dict[str, Any]:
    if done.connection is None:
        return {"connection": None, "authorize_url": done.authorize_url}
    return {"connection": present_connection(done.connection), "authorize_url": None}


def _fields(fields: Iterable[Field]) -> list[dict[str, Any]]:
    return [
        {
            "name": field.name,
            "label": field.label,
            "kind": field.kind,
            "required": field.required and not field.default,
            "help": field.help,
        }
        for field in fields
    ]
