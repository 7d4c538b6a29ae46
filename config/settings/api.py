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
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["apps.workspaces.api.rendering.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.workspaces.api.inputs.StrictJSONParser"],
    "EXCEPTION_HANDLER": "apps.workspaces.api.errors.handle",
    "URL_FORMAT_OVERRIDE": None,
}
