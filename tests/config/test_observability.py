"""Logs and error reports: enough to find what happened, nothing that opens a door."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.test import Client

from config import observability

ROOT = Path(__file__).resolve().parents[2]
KEY = "candy_" + "a1B2" * 9

SECRETS = [
    KEY,
    "Bearer abcdefghijklmnop",
    "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0",
    "postgresql://candy:hunter2@db/candy",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "sk-proj-abcdefghijklmnopqrstuv",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_hidden_by_their_look_wherever_they_stand(secret: str) -> None:
    scrubbed = json.dumps(
        observability.scrub({"note": f"sent {secret} on", "deep": [{"x": secret}]})
    )
    core = secret.removeprefix("Bearer ")
    if "://" in secret:
        core = "hunter2"
    assert core not in scrubbed
    assert observability.HIDDEN in scrubbed


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password1",
        "Authorization",
        "access_token",
        "client_secret",
        "Cookie",
        "csrfmiddlewaretoken",
        "apiKey",
        "api_key",
    ],
)
def test_secrets_are_hidden_by_their_name(name: str) -> None:
    assert observability.scrub({name: "anything at all"})[name] == observability.HIDDEN


def test_what_is_no_secret_stays() -> None:
    event = {"path": "/w/acme/posts", "status": 200, "tokens_used": 12, "words": ["a", ["b"]]}
    assert observability.scrub(event) == event


def test_an_object_is_hidden_as_it_would_be_written() -> None:
    class Request:
        def __repr__(self) -> str:
            return f"<GET /hook?key={KEY}>"

    assert observability.scrub({"seen": Request()}) == {"seen": "<GET /hook?key=[hidden]>"}


def test_a_structure_without_end_is_cut_not_followed() -> None:
    loop: dict[str, Any] = {}
    loop["again"] = loop
    assert observability.HIDDEN in json.dumps(observability.scrub(loop))


def written(record_from: str, *, json: bool) -> str:
    """What is logged by a process of its own, as production does (`json`) or in a terminal."""
    script = f"""
import logging, logging.config, sys
from types import SimpleNamespace
from config.observability import logging_config
config = logging_config(json={json}, level="INFO")
config["handlers"]["stream"]["stream"] = "ext://sys.stdout"
logging.config.dictConfig(config)
{record_from}
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def render(record_from: str) -> list[dict[str, Any]]:
    """The lines of the JSON format."""
    return [json.loads(line) for line in written(record_from, json=True).splitlines()]


def test_logs_are_one_json_object_a_line_with_ids_from_either_library() -> None:
    lines = render(
        "import structlog\n"
        "from apps.workspaces.tenancy.state import Scope, scope\n"
        "structlog.contextvars.bind_contextvars(request_id='r-12345678', job_id='j-1')\n"
        "scope.set(Scope(SimpleNamespace(slug='acme'), 'ws_1', True))\n"
        "logging.getLogger('apps.knisoci').info('sent %s', 'post', extra={'target': 7})\n"
        "structlog.get_logger('apps.agents').warning('slow', ms=1200)\n"
    )
    assert [line["message"] for line in lines] == ["sent post", "slow"]
    for line in lines:
        assert (line["request_id"], line["job_id"], line["workspace"]) == (
            "r-12345678",
            "j-1",
            "acme",
        )
        assert line["timestamp"].endswith("Z")
    assert lines[0]["target"] == 7
    assert lines[0]["logger"] == "apps.knisoci"
    assert lines[1]["level"] == "warning"


def test_djangos_own_line_about_a_request_holds_no_query() -> None:
    lines = render(
        "from django.conf import settings; settings.configure()\n"
        "from django.test import RequestFactory\n"
        "request = RequestFactory().get('/x?reset=very-secret')\n"
        "logging.getLogger('django.request').error('Internal Server Error: %s', '/x',"
        " extra={'request': request, 'status_code': 500})\n"
    )
    assert lines[0]["status_code"] == 500
    assert "very-secret" not in json.dumps(lines)


def test_an_exception_stays_in_its_line_and_loses_its_secrets() -> None:
    lines = render(
        "try:\n"
        f"    raise ValueError('refused key {KEY}')\n"
        "except ValueError:\n"
        f"    logging.getLogger('apps').exception('no', extra={{'password': 'hunter2'}})\n"
    )
    assert len(lines) == 1
    assert "ValueError" in lines[0]["exception"]
    assert KEY not in json.dumps(lines)
    assert "hunter2" not in json.dumps(lines)


def test_a_terminal_shows_an_exception_without_secrets_and_without_variables() -> None:
    text = written(
        "def call(access):\n"
        f"    raise ValueError('refused key {KEY}')\n"
        "try:\n"
        "    call('variable-of-a-frame'[::-1])\n"
        "except ValueError:\n"
        "    logging.getLogger('apps').exception('no')\n",
        json=False,
    )
    assert "Traceback" in text
    assert f"refused key {observability.HIDDEN}" in text
    assert KEY not in text
    assert "variable-of-a-frame"[::-1] not in text


@pytest.mark.django_db
def test_every_answer_carries_a_request_id(client: Client) -> None:
    one, two = client.get("/livez"), client.get("/livez")
    assert observability.REQUEST_ID.fullmatch(one["X-Request-ID"])
    assert one["X-Request-ID"] != two["X-Request-ID"]


@pytest.mark.django_db
def test_a_proxys_request_id_is_kept_and_a_hostile_one_is_not(client: Client) -> None:
    kept = client.get("/livez", headers={"x-request-id": "edge-0123456789"})
    assert kept["X-Request-ID"] == "edge-0123456789"
    for hostile in ("short", "x" * 65, 'a"}{"b":"c-------', "line\nbreak-----"):
        refused = client.get("/livez", headers={"x-request-id": hostile})
        assert refused["X-Request-ID"] != hostile


@pytest.mark.django_db
def test_a_request_leaves_one_line_without_its_query(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="candy.request"):
        client.get("/nowhere?token=very-secret")
    lines = [record.getMessage() for record in caplog.records if record.name == "candy.request"]
    assert len(lines) == 1
    assert "/nowhere" in lines[0]
    assert "404" in lines[0]
    assert "very-secret" not in lines[0]
    assert structlog.contextvars.get_contextvars() == {}, "the next request starts clean"


@pytest.mark.django_db
def test_an_error_report_is_scrubbed_and_names_where_it_belongs(in_workspace: Any) -> None:
    event = {
        "message": f"refused {KEY}",
        "request": {
            "query_string": "code=abc",
            "headers": {"Authorization": "Bearer x", "Cookie": "y"},
        },
        "extra": {"password": "hunter2"},
    }
    with structlog.contextvars.bound_contextvars(request_id="r-12345678"):
        sent = observability.before_send(event, {})
    text = json.dumps(sent)
    for secret in (KEY, "Bearer x", "hunter2", "code=abc"):
        assert secret not in text
    assert sent["tags"] == {"request_id": "r-12345678", "workspace": in_workspace.slug}
