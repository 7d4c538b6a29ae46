"""The sign-in desk that simulated networks with OAuth 2 share: consent page, codes, tokens.

Every desk knows one app, the sandbox's. Consent is a page of links, one for each account; a code
works once; tokens are looked up, so that they can be ended. `refreshed` counts, because a token has
to be renewed exactly once.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

from .kernel import Request, Response, json_response
from .store import Store

CLIENT_ID, CLIENT_SECRET = "candy-sandbox", "candy-sandbox-secret"  # the sandbox's own
PEOPLE = {"kestrel": "Kestrel & Co.", "maren": "Maren Holm", "newsdesk": "The Newsdesk"}


@dataclass(frozen=True)
class Held:
    """A token as the network remembers it. Times are the simulator's own clock, in seconds."""

    login: str
    scopes: tuple[str, ...]
    at: float
    until: float


def consent_page(root: str, app: str, where: str, links: Mapping[str, str], deny: str) -> Response:
    """Where a person lets `app` in: one of `links` (words to address) for each account, or `deny`."""
    rows = "".join(
        f'<li><a class="button" href="{escape(link)}">{escape(words)}</a></li>'
        for words, link in links.items()
    )
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Authorise</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="{root}/sandbox.css"><main class="consent">'
        f'<p class="badge">Sandbox</p><h1>{escape(app)} asks for access</h1>'
        f"<p>It may post and read as you on {escape(where)}.</p><ul>{rows}</ul>"
        f'<p><a href="{escape(deny)}">Deny</a></p></main></html>'
    )
    return Response(page.encode(), 200, {"content-type": "text/html; charset=utf-8"})


class Desk:
    """`ttl` is the life of an access token in seconds, `rotates` whether a refresh token works once.

    `id_name` is what the network calls client_id.
    """

    def __init__(
        self,
        key: str,
        name: str,
        store: Store,
        now: Callable[[], float],
        *,
        ttl: float,
        rotates: bool,
        refreshes: bool = True,
        id_name: str = "client_id",
        separator: str = " ",
    ) -> None:
        self.key, self.name, self.store, self.now = key, name, store, now
        self.ttl, self.rotates, self.refreshes = ttl, rotates, refreshes
        self.id_name, self.separator = id_name, separator
        self.refreshed: Counter[str] = Counter()

    def consent(self, request: Request, *, approve: str, people: Sequence[str] = ()) -> Response:
        """The page where a person says yes; `approve` is the path that its links lead to."""
        query = dict(request.query)
        if query.get(self.id_name) != CLIENT_ID or not query.get("redirect_uri"):
            return json_response({"error": "invalid_client"}, 400)

        def link(**extra: str) -> str:
            return f"{request.base}{approve}?{urlencode(query | extra)}"

        root = request.base.removesuffix(f"/{self.key}")
        links = {f"Continue as {one}": link(login=one) for one in sorted({*people, *PEOPLE})[:12]}
        return consent_page(root, "Candy", f"the simulated {self.name}", links, link(deny="1"))

    def approve(self, request: Request) -> Response:
        """Back to Candy with a code, or with the refusal."""
        redirect = request.first("redirect_uri")
        back = {"state": request.first("state")}
        if request.first("deny"):
            back |= {"error": "access_denied"}
        else:
            back["code"] = code = secrets.token_urlsafe(24)
            grant = {
                "login": request.first("login", "maren"),
                "scope": request.first("scope"),
                "redirect_uri": redirect,
                "challenge": request.first("code_challenge"),
                "at": self.now(),
            }
            self.store.put(self.key, "code", code, grant)
        sep = "&" if "?" in redirect else "?"
        return Response(status=302, headers={"location": f"{redirect}{sep}{urlencode(back)}"})

    def exchange(self, fields: dict[str, str], authorization: str = "") -> dict[str, Any] | str:
        """The token endpoint: the answer's JSON, or the code of its error."""
        if not self._knows(fields, authorization):
            return "invalid_client"
        if fields.get("grant_type") == "refresh_token":
            return self._renew(fields.get("refresh_token", ""))
        grant = self.store.get(self.key, "code", fields.get("code", ""))
        if grant is None or grant["redirect_uri"] != fields.get("redirect_uri"):
            return "invalid_grant"
        if grant["challenge"] and grant["challenge"] != _challenge(fields.get("code_verifier", "")):
            return "invalid_grant"
        self.store.drop(self.key, "code", fields["code"])
        return self.issue(grant["login"], grant["scope"])

    def issue(self, login: str, scope: str = "", ttl: float | None = None) -> dict[str, Any]:
        """A fresh pair of tokens, as a token endpoint words it."""
        ttl = self.ttl if ttl is None else ttl
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        doc = {"login": login, "scope": scope, "at": self.now(), "until": self.now() + ttl}
        self.store.put(self.key, "token", access, doc)
        answer = {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": int(ttl),
            "scope": scope,
        }
        if self.refreshes:
            self.store.put(self.key, "refresh", refresh, doc)
            answer["refresh_token"] = refresh
        return answer

    def held(self, token: str) -> Held | None:
        """Whose token this is; None for one we never gave. `sandbox-<login>` is always good."""
        doc = self.store.get(self.key, "token", token)
        if doc is None and token.startswith("sandbox-") and len(token) > len("sandbox-"):
            return Held(token.removeprefix("sandbox-"), (), 0.0, float("inf"))
        if doc is None:
            return None
        scopes = tuple(doc["scope"].replace(",", " ").split())
        return Held(doc["login"], scopes, doc["at"], doc["until"])

    def end(self, token: str) -> None:
        self.store.drop(self.key, "token", token)

    def _renew(self, refresh: str) -> dict[str, Any] | str:
        doc = self.store.get(self.key, "refresh", refresh)
        if doc is None:
            return "invalid_grant"
        self.refreshed[doc["login"]] += 1
        answer = self.issue(doc["login"], doc["scope"])
        if self.rotates:
            self.store.drop(self.key, "refresh", refresh)
        else:
            self.store.drop(self.key, "refresh", answer.pop("refresh_token"))
        return answer

    def _knows(self, fields: dict[str, str], authorization: str) -> bool:
        if authorization.lower().startswith("basic "):
            pair = base64.b64decode(authorization[6:]).decode("utf-8", "replace")
            return pair == f"{CLIENT_ID}:{CLIENT_SECRET}"
        return (
            fields.get(self.id_name) == CLIENT_ID and fields.get("client_secret") == CLIENT_SECRET
        )


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
