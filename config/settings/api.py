"""The REST API: how often a caller may ask, and how it is documented."""

from __future__ import annotations

from typing import Any

from config.env import env_str

# "a minute/at once" for one key or signed-in person; a workspace as a whole may do four times that.
CANDY_API_RATES = {
    "read": env_str("CANDY_API_RATE_READ", "1200/200"),
    "write": env_str("CANDY_API_RATE_WRITE", "300/60"),
    "ai": env_str("CANDY_API_RATE_AI", "30/10"),
}
CANDY_IDEMPOTENCY_STORE = "apps.orchestrator.api.idempotency.TableStore"

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "apps.workspaces.api.openapi.inspector.OperationSchema",
    "DEFAULT_RENDERER_CLASSES": ["apps.workspaces.api.rendering.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.workspaces.api.inputs.StrictJSONParser"],
    "EXCEPTION_HANDLER": "apps.workspaces.api.errors.handle",
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Candy",
    "VERSION": "1",
    "DESCRIPTION": (
        "What a content team does in Candy, for programs. Every route is below one workspace; every "
        "list is paged by cursor; every error has one shape."
    ),
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "PATH_CONVERTER_OVERRIDES": {"bigid": int},
    "PREPROCESSING_HOOKS": ["apps.workspaces.api.openapi.hooks.only_rest"],
    "POSTPROCESSING_HOOKS": ["apps.workspaces.api.openapi.hooks.complete"],
    "DISABLE_ERRORS_AND_WARNINGS": True,  # the description is validated by tests/api
}
