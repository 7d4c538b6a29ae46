"""Probes and metrics: what a container platform and Prometheus see."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.utils import OperationalError
from django.test import Client

from config import health, metrics

pytestmark = pytest.mark.django_db


def test_alive_without_asking_anyone(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        response = client.get("/livez")
    assert response.status_code == 200
    assert response.json() == {"status": "alive"}
    assert response["Cache-Control"] == "no-store"


def test_ready_when_database_valkey_and_migrations_are(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["checks"] == {"database": "ok", "valkey": "ok", "migrations": "ok"}


def test_probes_answer_whatever_the_host_name_and_without_tls(
    client: Client, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["candy.example"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/livez", headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/readyz", headers={"host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.parametrize("part", ["database", "valkey", "migrations"])
def test_not_ready_when_a_part_is_away_and_says_which(
    client: Client, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def away() -> bool:
        raise OperationalError("connection to server at 10.1.2.3 failed: password of candy wrong")

    monkeypatch.setattr(health, f"check_{part}", away)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"][part] == "unavailable"
    assert b"10.1.2.3" not in response.content, "an answer to strangers names no inside"


def test_not_ready_while_a_migration_is_missing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection

    monkeypatch.setattr(health, "_migrations_current", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM public.django_migrations WHERE app = 'workspaces'")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["migrations"] == "behind"


def test_metrics_count_due_work_and_workspaces(client: Client) -> None:
    response = client.get("/metrics")
    assert response.status_code == 200
    text = response.content.decode()
    assert 'candy_workspaces{state="ready"}' in text
    assert "# TYPE candy_due_work gauge" in text
    assert "python_info" in text


def test_metrics_of_the_process_survive_a_database_that_is_away(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "DUE_WORK", "SELECT * FROM no_such_table")
    response = client.get("/metrics")
    assert response.status_code == 200
    assert b"python_info" in response.content
    assert b"candy_due_work" not in response.content


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("10.2.3.4", {}, 200),
        ("93.184.216.34", {}, 404),
        ("nonsense", {}, 404),
        ("127.0.0.1", {"x-forwarded-for": "93.184.216.34"}, 404),
        ("127.0.0.1", {"forwarded": "for=93.184.216.34"}, 404),
    ],
)
def test_without_a_token_metrics_are_for_private_addresses(
    client: Client, address: str, headers: dict[str, str], status: int
) -> None:
    assert client.get("/metrics", REMOTE_ADDR=address, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("sent", "status"),
    [("Bearer right-token", 200), ("Bearer wrong", 404), ("", 404), ("Bearer ", 404)],
)
def test_with_a_token_metrics_are_for_its_holder(
    client: Client, settings: Any, sent: str, status: int
) -> None:
    settings.CANDY_METRICS_TOKEN = "right-token"
    response = client.get("/metrics", headers={"authorization": sent})
    assert response.status_code == status
