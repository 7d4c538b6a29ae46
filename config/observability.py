"""Logs that say which request, workspace and job they belong to, and errors that leave no secret.

Log with the standard library or structlog, it ends in the same lines: JSON in production, readable
in a terminal. Names bound with ``structlog.contextvars.bind_contextvars`` (``request_id``,
``job_id``) are on every line until they are unbound; the workspace is added by itself.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Callable, MutableMapping
from typing import Any
from uuid import uuid4

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET_PATHS = ("/livez", "/readyz", "/metrics", "/static/")

SECRET_NAMES = re.compile(
    r"passw|secret|token|authorization|cookie|api_?key|credential|private|session|csrf|otp|master_key",
    re.IGNORECASE,
)
# Values that are secrets wherever they stand: our keys, webhook secrets, bearer tokens, URLs with
# a password, JSON web tokens.
SECRET_VALUES = re.compile(
    r"candy_[0-9A-Za-z]{20,}"
    r"|whsec_[0-9A-Za-z+/=]{16,}"
    r"|(?<=Bearer )\S+"
    r"|(?<=://)[^\s:/@]*:[^\s/@]+(?=@)"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"
    r"|\bsk-[0-9A-Za-z_-]{16,}",
)
# Secrets that a text names: "token=…", "client_secret: …", as messages of libraries quote requests.
SECRET_PAIRS = re.compile(
    r"((?:token|secret|password|api_?key|authorization)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]{8,}",
    re.IGNORECASE,
)
HIDDEN = "[hidden]"

EventDict = MutableMapping[str, Any]


# -- scrubbing --


def scrub(value: Any, name: str = "", depth: int = 0) -> Any:
    """A copy of ``value`` without secrets: by the name it is kept under, and by its look."""
    if name and SECRET_NAMES.search(name) and not isinstance(value, bool | int | float | None):
        return HIDDEN
    if isinstance(value, str):
        return _scrub_text(value)
    if depth > 12:  # deeper than any event we know; better lost than leaked
        return HIDDEN
    if isinstance(value, dict):
        return {key: scrub(item, str(key), depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(item, "", depth + 1) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _scrub_text(str(value))  # as a log would write it


def _scrub_text(text: str) -> str:
    return SECRET_PAIRS.sub(rf"\1{HIDDEN}", SECRET_VALUES.sub(HIDDEN, text))


def hide_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {key: item if key.startswith("_") else scrub(item, key) for key, item in event.items()}


# -- logs --


def add_workspace(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """The workspace that this line is about, unless the caller named one."""
    from apps.workspaces.tenancy.context import current_workspace

    if "workspace" not in event and (workspace := current_workspace()) is not None:
        event["workspace"] = workspace.slug
    return event


def drop_extras(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Leave out what others attach: uvicorn its message again in colours, Django the request
    itself, whose text holds the query string."""
    event.pop("color_message", None)
    if isinstance(event.get("request"), HttpRequest):
        del event["request"]
    return event


def logging_config(*, json: bool, level: str) -> dict[str, Any]:
    """``LOGGING`` for Django. ``json`` for machines, else lines for a person."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_workspace,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    render: list[Any]
    text_time = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    colours = bool(os.environ.get("FORCE_COLOR")) or sys.stderr.isatty()
    if json:
        render = [
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(default=str),
        ]
    else:
        render = [
            # As text before secrets are hidden, and without the values of local variables.
            structlog.processors.format_exc_info,
            hide_secrets,
            text_time,
            structlog.dev.ConsoleRenderer(
                pad_event_to=0,
                pad_level=False,
                colors=colours,
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*shared, structlog.stdlib.ExtraAdder()],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    drop_extras,
                    *render,
                ],
            }
        },
        "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stream"], "level": level},
        "loggers": {
            # Django's own handlers would write each line a second time.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"level": "ERROR"},  # the line of the request says 404 already
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "uvicorn": {"handlers": [], "level": "INFO", "propagate": True},
            "uvicorn.error": {"handlers": [], "level": "INFO", "propagate": True},
            # RequestLogMiddleware writes the line of a request.
            "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": False},
            "celery": {"handlers": [], "level": "INFO", "propagate": True},
            # A line for each message would drown what the jobs themselves say.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            # They log bodies and addresses with their query: not ours to keep.
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
        },
    }


# -- requests --


class RequestLogMiddleware:
    """Gives each request an id, binds it for the logs, sends it back, and writes one line at the end.

    An id that a proxy sent is kept when it is harmless. The query string is not logged: it may hold
    tokens. Goes first in MIDDLEWARE.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.log = structlog.get_logger("candy.request")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        sent = request.headers.get("X-Request-ID", "")
        request_id = sent if REQUEST_ID.fullmatch(sent) else uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            if not request.path.startswith(QUIET_PATHS):
                self._write(request, response, time.perf_counter() - started)
        return response

    def _write(self, request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
        workspace = getattr(request, "workspace", None)
        actor = getattr(request, "actor", None)
        self.log.log(
            logging.INFO if response.status_code < 500 else logging.ERROR,
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            address=request.META.get("REMOTE_ADDR"),
            **({"workspace": workspace.slug} if workspace is not None else {}),
            **({"user": actor.user_id} if actor is not None else {}),
        )


# -- error reports --


def start_sentry(*, dsn: str, environment: str, release: str, traces_sample_rate: float) -> None:
    """Report errors to ``dsn``. No personal data, bodies or local variables leave; all is scrubbed."""
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release,
        traces_sample_rate=traces_sample_rate,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=before_send,
        before_send_transaction=before_send,
        before_breadcrumb=lambda crumb, _hint: scrub(crumb),
    )


def before_send(event: Any, _hint: Any) -> Any:
    """The event as it may leave: scrubbed, with the ids by which its log lines are found."""
    event = scrub(event)
    request = event.get("request")
    if isinstance(request, dict):
        request.pop("query_string", None)
    tags = event.setdefault("tags", {})
    for name, value in structlog.contextvars.get_contextvars().items():
        if name in {"request_id", "job_id", "action"}:
            tags[name] = str(value)
    from apps.workspaces.tenancy.context import current_workspace

    workspace = current_workspace()
    if workspace is not None:
        tags["workspace"] = workspace.slug
    return event
