"""Signing in at any network that speaks OAuth 2, from a description of its endpoints.

The protocol is authlib's; every request goes through the guarded client. A provider describes its
endpoints in an `OAuth2` and says in `accounts` whom the token speaks for.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl, urlencode

from authlib.common.security import generate_token
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client

from apps.integrations.http import GuardedClient, OutboundError, retry_at

from .base import (
    Account,
    App,
    Connected,
    Credentials,
    ErrorKind,
    Field,
    Grant,
    OAuthStart,
    ProviderError,
    PublishProvider,
)
from .errors import from_outbound, from_server_fault

APP_FIELDS = (
    Field("client_id", "Client ID"),
    Field("client_secret", "Client secret", "secret"),
)
# A refresh is about tokens only; see PublishProvider.refresh.
_NOBODY = Account("", "", "")
# Answers that mean: this grant will never work again.
_DEAD = frozenset({"invalid_grant", "invalid_token", "access_denied", "unauthorized_client"})


@dataclass(frozen=True, slots=True)
class OAuth2:
    """A network's endpoints as (purpose of the host, path). `id_name` is what it calls client_id."""

    authorize: tuple[str, str]
    token: tuple[str, str]
    scopes: tuple[str, ...]
    separator: str = " "
    pkce: bool = True
    basic: bool = False  # id and secret in the Authorization header instead of the form
    id_name: str = "client_id"
    extra: Mapping[str, str] = field(default_factory=dict)  # on the authorize address
    method: Literal["POST", "GET"] = "POST"  # how the token endpoint is asked


class Token(dict[str, Any]):
    """A token endpoint's answer."""

    @property
    def access(self) -> str:
        return str(self.get("access_token") or "")

    @property
    def scopes(self) -> tuple[str, ...]:
        return tuple(str(self.get("scope") or "").replace(",", " ").split())

    @property
    def expires_at(self) -> datetime | None:
        seconds = self.get("expires_in")
        return datetime.now(UTC) + timedelta(seconds=int(seconds)) if seconds else None

    def credentials(self) -> Credentials:
        """What is kept; a refresh token only where one came, so that an old one is never lost."""
        kept = {"access": self.access}
        if self.get("refresh_token"):
            kept["refresh"] = str(self["refresh_token"])
        return kept


def _unchanged(request: Any) -> Any:
    """httpx's auth for a request that carries its credentials in the form."""
    return request


class OAuthProvider(PublishProvider):
    """A publisher whose accounts sign in by OAuth 2."""

    oauth = True
    connect_fields: ClassVar[tuple[Field, ...]] = ()
    app_fields: ClassVar[tuple[Field, ...]] = APP_FIELDS
    oauth2: ClassVar[OAuth2]

    @abstractmethod
    def accounts(self, token: Token, *, app: App, host: str, client: GuardedClient) -> Grant:
        """Whom `token` speaks for, with the credentials to keep for each."""

    def connect(self, values: Mapping[str, str], client: GuardedClient) -> Connected:
        raise ProviderError(ErrorKind.VALIDATION, f"Sign in at {self.name} instead.")

    def host(self, app: App) -> str:
        """What Account.host is for accounts of `app`."""
        return app.base or self.hosts["api"]

    def endpoints(self, app: App) -> OAuth2:
        """What `app` signs in with, for networks that have more than one way."""
        return self.oauth2

    def start_oauth(
        self,
        values: Mapping[str, str],
        *,
        app: App,
        redirect_uri: str,
        state: str,
        client: GuardedClient,
    ) -> OAuthStart:
        oauth2 = self.endpoints(app)
        purpose, path = oauth2.authorize
        verifier = generate_token(64) if oauth2.pkce else ""
        url, _ = self._client(app, client, redirect_uri=redirect_uri).create_authorization_url(
            self.address(purpose, app.base) + path,
            state=state,
            code_verifier=verifier or None,
            **oauth2.extra,
        )
        if oauth2.id_name != "client_id":
            head, _, query = url.partition("?")
            names = {"client_id": oauth2.id_name}
            url = f"{head}?{urlencode([(names.get(k, k), v) for k, v in parse_qsl(query)])}"
        return OAuthStart(url, {"verifier": verifier})

    def finish_oauth(
        self,
        secrets: Credentials,
        *,
        app: App,
        code: str,
        redirect_uri: str,
        client: GuardedClient,
    ) -> Grant:
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if secrets.get("verifier"):
            fields["code_verifier"] = secrets["verifier"]
        token = self.ask_token(app, client, fields)
        return self.accounts(token, app=app, host=self.host(app), client=client)

    def refresh(
        self, credentials: Credentials, client: GuardedClient, *, app: App, host: str
    ) -> Connected | None:
        if not credentials.get("refresh"):
            return None
        fields = {"grant_type": "refresh_token", "refresh_token": credentials["refresh"]}
        token = self.ask_token(app, client, fields)
        return Connected(_NOBODY, token.credentials(), token.scopes, token.expires_at)

    def ask_token(self, app: App, client: GuardedClient, fields: Mapping[str, str]) -> Token:
        """One request to the token endpoint.

        A silent answer is TRANSIENT_SAFE: the vault keeps what was there, and whether the network
        rotated meanwhile shows at the next try. Raises ProviderError.
        """
        oauth2 = self.endpoints(app)
        purpose, path = oauth2.token
        oauth = self._client(app, client)
        oauth.register_compliance_hook("access_token_response", self.check_token_answer)
        fields = dict(fields)
        if not oauth2.basic:
            fields |= {oauth2.id_name: app.client_id, "client_secret": app.client_secret}
        try:
            with client.once():  # a code works once, and some networks are asked for it by GET
                answer = oauth.fetch_token(
                    self.address(purpose, app.base) + path,
                    method=oauth2.method,
                    auth=(app.client_id, app.client_secret) if oauth2.basic else _unchanged,
                    **fields,
                )
        except OutboundError as error:
            raise from_outbound(error, mutating=False, network=self.name) from error
        except OAuth2Error as error:
            raise self.token_error(str(error.error or ""), error.description or "") from error
        except ValueError as error:
            raise ProviderError(
                ErrorKind.TRANSIENT_SAFE, f"{self.name} gave an answer that is no token."
            ) from error
        token = Token(self.read_token(answer))
        if not token.access:
            raise self.token_error(str(token.get("error") or ""), str(token.get("message") or ""))
        return token

    def check_token_answer(self, answer: Any) -> Any:
        """Look at the HTTP answer before it is read; raises ProviderError for a refusal."""
        if answer.status_code == 429:
            raise ProviderError(
                ErrorKind.RATE_LIMITED,
                f"{self.name} asks us to slow down.",
                retry_at=retry_at(answer.headers),
            )
        if answer.status_code >= 500:
            raise from_server_fault(answer.status_code, mutating=False, network=self.name)
        return answer

    def read_token(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """The token inside the answer, for networks that wrap it."""
        return answer

    def token_error(self, code: str, description: str) -> ProviderError:
        if code in _DEAD:
            return ProviderError(
                ErrorKind.AUTH_REVOKED, f"{self.name} has ended this sign-in: connect it again."
            )
        if code in ("invalid_client", "unauthorized"):
            return ProviderError(
                ErrorKind.VALIDATION,
                f"{self.name} does not know this app: check client id and secret.",
                field="client_id",
            )
        said = description or code or "no reason given"
        return ProviderError(ErrorKind.VALIDATION, f"{self.name} refused the sign-in: {said}.")

    def _client(self, app: App, client: GuardedClient, redirect_uri: str = "") -> OAuth2Client:
        oauth2 = self.endpoints(app)
        return OAuth2Client(
            client,
            client_id=app.client_id,
            client_secret=app.client_secret,
            scope=oauth2.separator.join(oauth2.scopes),
            redirect_uri=redirect_uri or None,
            code_challenge_method="S256" if oauth2.pkce else None,
        )
