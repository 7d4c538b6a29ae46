"""How the simulated Mastodon server lets people in: apps, the consent page, codes and tokens."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from apps.integrations.sandbox.desk import consent_page
from apps.integrations.sandbox.kernel import Request, Response, json_response

from .simulator_shapes import Refused, Shapes

PEOPLE = {"kestrel": "Kestrel & Co.", "maren": "Maren Holm", "newsdesk": "The Newsdesk"}
FULL = "profile read read:statuses read:accounts write write:statuses write:media"


class SignIn(Shapes):
    """Any token `sandbox-<handle>` signs in as that handle, `sandbox-<handle>:read` only to read."""

    def _next_id(self) -> int:
        raise NotImplementedError

    async def create_app(self, request: Request) -> Response:
        fields = dict(request.form()[0])
        if not fields.get("client_name") or not fields.get("redirect_uris"):
            raise Refused(422, "Validation failed: Application name can't be blank")
        app: dict[str, Any] = {
            "id": str(self._next_id()),
            "name": fields["client_name"],
            "website": fields.get("website"),
            "scopes": fields.get("scopes", "read").split(),
            "redirect_uri": fields["redirect_uris"],
            "redirect_uris": fields["redirect_uris"].split(),
            "client_id": secrets.token_urlsafe(32),
            "client_secret": secrets.token_urlsafe(32),
            "client_secret_expires_at": 0,
        }
        self.store.put(self.key, "app", app["client_id"], app)
        return json_response(app)

    def _app(self, client_id: str, redirect_uri: str) -> Any:
        app = self.store.get(self.key, "app", client_id)
        if app is None or redirect_uri not in app["redirect_uris"]:
            raise Refused(400, "The redirect uri included is not valid.")
        return app

    async def authorize(self, request: Request) -> Response:
        """The consent page. Plain links: a form's redirect would need the client in our CSP."""
        query = dict(request.query)
        app = self._app(query.get("client_id", ""), query.get("redirect_uri", ""))
        people = [a["username"] for a in self.store.things(self.key, "account")] or list(PEOPLE)

        def link(**extra: str) -> str:
            return f"{request.base}/oauth/approve?{urlencode(query | extra)}"

        root = request.base.removesuffix(f"/{self.key}")
        accounts = sorted({*people, *PEOPLE})[:12]
        links = {f"Authorise as @{one}": link(login=one) for one in accounts}
        return consent_page(
            root, app["name"], "this simulated Mastodon server", links, link(deny="1")
        )

    async def approve(self, request: Request) -> Response:
        redirect = request.first("redirect_uri")
        app = self._app(request.first("client_id"), redirect)
        back = {"state": request.first("state")}
        if request.first("deny"):
            back |= {"error": "access_denied", "error_description": "The owner denied the request."}
        else:
            code = secrets.token_urlsafe(24)
            wanted = request.first("scope", "read").split()
            grant = {
                "app": app["client_id"],
                "login": request.first("login", "maren"),
                "scope": " ".join(wanted),
                "redirect_uri": redirect,
            }
            self.store.put(self.key, "code", code, grant)
            back["code"] = code
        sep = "&" if "?" in redirect else "?"
        return Response(status=302, headers={"location": f"{redirect}{sep}{urlencode(back)}"})

    async def token(self, request: Request) -> Response:
        fields = dict(request.form()[0])
        app = self.store.get(self.key, "app", fields.get("client_id", ""))
        if app is None or app["client_secret"] != fields.get("client_secret"):
            return self._oauth_error(401, "invalid_client", "Client authentication failed.")
        if fields.get("grant_type") == "client_credentials":
            return self._granted(login="", scope="read")
        grant = self.store.get(self.key, "code", fields.get("code", ""))
        if (
            grant is None
            or grant["app"] != app["client_id"]
            or grant["redirect_uri"] != fields.get("redirect_uri")
        ):
            return self._oauth_error(400, "invalid_grant", "The provided grant is invalid.")
        self.store.drop(self.key, "code", fields["code"])
        return self._granted(login=grant["login"], scope=grant["scope"])

    def _granted(self, *, login: str, scope: str) -> Response:
        """A token of a person, or with no `login` of the app itself."""
        token, now = secrets.token_urlsafe(32), self.now()
        self.store.put(self.key, "token", token, {"login": login, "scope": scope, "at": now})
        return json_response(
            {
                "access_token": token,
                "token_type": "Bearer",
                "scope": scope,
                "created_at": int(now),
            }
        )

    @staticmethod
    def _oauth_error(status: int, code: str, description: str) -> Response:
        return json_response({"error": code, "error_description": description}, status)

    async def revoke(self, request: Request) -> Response:
        self.store.drop(self.key, "token", dict(request.form()[0]).get("token", ""))
        return json_response({})

    async def app(self, request: Request) -> Response:
        """Any token may ask which app it belongs to."""
        scopes = self._held(request)["scope"].split()
        return json_response({"id": "1", "name": "Candy", "website": None, "scopes": scopes})

    def _login(self, request: Request, scope: str) -> dict[str, Any]:
        doc = self._held(request)
        granted = doc["scope"].split()
        if scope not in granted and scope.partition(":")[0] not in granted:
            raise Refused(403, "This action is outside the authorized scopes")
        return self._account(doc["login"])

    def _held(self, request: Request) -> dict[str, Any]:
        token = request.bearer
        doc = self.store.get(self.key, "token", token)
        if doc is None and token.startswith("sandbox-"):
            login, _, only = token.removeprefix("sandbox-").partition(":")
            doc = {"login": login, "scope": only or FULL, "at": 0.0}
        if doc is None or not doc["login"] or self.lost_access(doc["login"], doc["at"]):
            raise Refused(401, "The access token is invalid")
        return dict(doc)

    def _account(self, login: str) -> dict[str, Any]:
        account: dict[str, Any] | None = self.store.get(self.key, "account", login)
        if account is None:
            name = PEOPLE.get(login, login.replace("-", " ").replace("_", " ").title())
            account = {"id": str(self._next_id()), "username": login, "name": name}
            account["at"] = self.now()
            self.store.put(self.key, "account", login, account)
            self.store.put(self.key, "login", account["id"], login)
        return account
