"""The context variable that says which schema this piece of code is in.

A ContextVar and not an attribute of the connection: it follows a request through threads and
``sync_to_async``, and a thread that is used again starts in ``public`` and so fails closed.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, NamedTuple


class Scope(NamedTuple):
    """``tenant`` is the Workspace, or what stands for a bare schema during migrations."""

    tenant: Any
    schema_name: str
    include_public: bool


PUBLIC = Scope(tenant=None, schema_name="public", include_public=True)

scope: ContextVar[Scope] = ContextVar("candy_schema_scope", default=PUBLIC)
