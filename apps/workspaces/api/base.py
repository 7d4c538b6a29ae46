"""The two kinds of views: below a workspace, and of a person."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import User
from apps.errors import NotFound, ValidationFailed
from apps.workspaces.api import errors, rates
from apps.workspaces.api.authentication import EntryAuthentication, PersonAuthentication
from apps.workspaces.api.inputs import StrictJSONParser
from apps.workspaces.api.operations import READ
from apps.workspaces.api.rendering import AlwaysJSON, JSONRenderer
from apps.workspaces.models import ApiKey, Membership
from apps.workspaces.types import Actor


class _View(APIView):
    parser_classes = [StrictJSONParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = AlwaysJSON
    permission_classes: list[Any] = []
    metadata_class = None
    workspace_id = 0
    caller = ""
    remembers_posts = False
    _standing: rates.Standing | None = None

    def get_exception_handler(self) -> Any:
        return errors.handle

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who calls, then how often. What is allowed is the operation's to say."""
        request.user  # noqa: B018  authenticates
        self.enter(request)
        method = getattr(self, (request.method or "").lower(), None)
        kind = getattr(getattr(method, "operation", None), "kind", READ)
        self._standing = rates.limiter().charge(
            workspace_id=self.workspace_id, caller=self.caller, kind=self.rate_kind(kind, kwargs)
        )
        if self._standing is not None and not self._standing.allowed:
            raise rates.refused(self._standing)
        if "%00" in request._request.META.get("QUERY_STRING", ""):
            raise ValidationFailed("The query has characters that cannot be used.")

    def enter(self, request: Request) -> None:
        """Set ``caller`` and, below a workspace, ``actor`` and ``workspace_id``."""
        raise NotImplementedError

    def rate_kind(self, declared: str, captured: dict[str, Any]) -> str:
        """Which limit to charge, where it depends on what is asked for."""
        return declared

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self._standing is not None:
            for name, value in self._standing.headers().items():
                response[name] = value
        response["Cache-Control"] = "private, no-store"
        return response


class WorkspaceView(_View):
    """Below ``/api/v1/w/<slug>/``: ``self.actor`` acts in the workspace the middleware entered."""

    authentication_classes = [EntryAuthentication]
    remembers_posts = True
    actor: Actor
    membership: Membership

    def enter(self, request: Request) -> None:
        http: Any = request._request
        self.actor, self.membership = http.actor, http.membership
        self.workspace_id = self.actor.workspace_id
        self.caller = (
            f"key:{self.actor.key_id}"
            if self.actor.kind == "api_key"
            else f"user:{self.actor.user_id}"
        )


class PersonView(_View):
    """Outside of any workspace: what a person sees of themselves."""

    authentication_classes = [PersonAuthentication]
    person: User
    key: ApiKey | None

    def enter(self, request: Request) -> None:
        who: Any = request
        self.person, self.key = who.user, who.auth
        self.caller = f"key:{self.key.pk}" if self.key else f"user:{self.person.pk}"


class NothingHere(_View):
    """The end of the API's routes: 404 in the one shape instead of a page."""

    authentication_classes: list[Any] = []
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("There is no such route. See /api/docs/.", code="no_such_route")

    def get(self, request: Request, **captured: Any) -> Response:
        raise NotFound("There is no such route.")  # pragma: no cover  initial() was first
