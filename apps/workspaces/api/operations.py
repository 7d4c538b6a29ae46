"""One route and method, declared once: who may call it, what it takes and gives, how it is documented.

::

    class Posts(WorkspaceView):
        @operation("Write a post", permission="posts.write", body=PostIn, returns=Post, status=201)
        def post(self, request: Request, *, body: PostIn) -> dict: ...

The method gets ``body`` and ``query`` as checked models, and answers plain data or a ``Reply``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response

from apps.workspaces.api import idempotency
from apps.workspaces.api.inputs import Query, read_body, read_query

READ, WRITE, AI = "read", "write", "ai"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose status or headers are not the declared ones."""

    data: Any
    status: int
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """The declaration; found on the method as ``operation`` by views, docs and tests."""

    summary: str
    description: str
    permission: str | None
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    returns: Any
    status: int
    kind: str
    needs_key: bool
    in_transaction: bool
    multipart: bool
    binary: bool = False


def operation(
    summary: str,
    *,
    permission: str | None = None,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    returns: Any = None,
    status: int = 200,
    kind: str = "",
    needs_key: bool = False,
    in_transaction: bool = True,
    multipart: bool = False,
    binary: bool = False,
    description: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Declare a view's method.

    ``needs_key``: an Idempotency-Key must be sent. ``in_transaction=False``: the method calls the
    outside, so the answer is kept after it and not with it (see ``idempotency.once``). ``kind`` is
    the rate limit that is charged: read, write or ai; by default what the method's name says.
    ``binary``: the body is bytes, which the method reads itself from ``request.data``, a stream.
    """

    def declare(method: Callable[..., Any]) -> Callable[..., Response]:
        declared = Operation(
            summary,
            description,
            permission,
            query,
            body,
            returns,
            status,
            kind or (READ if method.__name__ == "get" else WRITE),
            needs_key,
            in_transaction,
            multipart,
            binary,
        )

        @functools.wraps(method)
        def handler(view: Any, request: Request, **captured: Any) -> Response:
            return _answer(declared, method, view, request, captured)

        handler.operation = declared  # type: ignore[attr-defined]
        return extend_schema(
            summary=summary,
            description=description or None,
            request=body,
            responses={status: returns} if returns is not None else {status: None},
        )(handler)

    return declare


def _answer(
    declared: Operation,
    method: Callable[..., Any],
    view: Any,
    request: Request,
    captured: dict[str, Any],
) -> Response:
    if declared.permission is not None:
        view.actor.require(declared.permission)
    if declared.body is not None:
        captured["body"] = read_body(declared.body, request)
    captured["query"] = read_query(declared.query or Query, request.query_params)
    if declared.query is None:
        del captured["query"]

    def act() -> Response:
        return _response(declared, method(view, request, **captured))

    if request.method != "POST" or not view.remembers_posts:
        return act()
    intent = idempotency.intent_of(request, caller=view.caller, required=declared.needs_key)
    if intent is None:
        return act()
    return idempotency.once(intent, act, in_transaction=declared.in_transaction)


def _response(declared: Operation, result: Any) -> Response:
    if isinstance(result, Reply):
        return Response(result.data, status=result.status, headers=result.headers)
    return Response(result, status=declared.status)
