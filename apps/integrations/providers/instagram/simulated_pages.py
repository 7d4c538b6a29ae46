"""The way to Instagram through Facebook: its dialog, and pages with accounts linked to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apps.integrations.sandbox.desk import PEOPLE
from apps.integrations.sandbox.kernel import Request, Response, json_response

from ..meta.simulated import GraphSimulator, Refused


class LinkedPages(GraphSimulator):
    """Each person has three pages: one linked, one without Instagram, one that was not ticked."""

    def add_linked_pages(self, route: Callable[..., None]) -> None:
        route("GET", "/dialog/{version}/dialog/oauth", self.authorize)
        route("GET", "/dialog/{version}/dialog/approve", self.approve)
        route("GET", "/facebook/{version}/oauth/access_token", self.facebook_token)
        route("GET", "/facebook/{version}/me/accounts", self.pages)
        route("GET", "/facebook/{version}/me/businesses", self.businesses)

    async def facebook_token(self, request: Request) -> Response:
        fields = dict(request.query)
        if fields.get("grant_type") == "fb_exchange_token":
            return json_response(
                self.trade_long(fields.get("fb_exchange_token", ""), fields["client_secret"])
            )
        answer = self.trade_code(fields)
        return json_response(
            {name: answer[name] for name in ("access_token", "token_type", "expires_in")}
        )

    async def pages(self, request: Request) -> Response:
        login = self.held(request).login
        token = self.desk.issue(login, "page", ttl=float(10**9))["access_token"]
        rows: list[dict[str, Any]] = [
            {
                "id": self.number("page", login),
                "name": f"{login.title()} Page",
                "access_token": token,
                "tasks": ["CREATE_CONTENT", "MANAGE"],
                "instagram_business_account": self.linked_json(login, request.base),
            },
            {
                "id": self.number("page", login, "plain"),
                "name": f"{login.title()} without Instagram",
                "access_token": token,
                "tasks": ["CREATE_CONTENT"],
            },
            {
                "id": self.number("page", login, "other"),
                "name": f"{login.title()} not ticked",
                "tasks": ["CREATE_CONTENT"],
            },
        ]
        return self.list_of(request, rows)

    async def businesses(self, request: Request) -> Response:
        self.held(request)
        raise Refused(10, "(#10) This needs business_management")

    def ig_id(self, login: str) -> str:
        return self.number("ig", login)

    def linked_json(self, login: str, base: str) -> dict[str, Any]:
        return {
            "id": self.ig_id(login),
            "username": login,
            "name": PEOPLE.get(login, login.replace("-", " ").title()),
            "profile_picture_url": f"{base}/avatars/{login}",
        }
