"""A customer's own host: it leads to their workspace and to nothing else of Candy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from apps.workspaces.models import Domain

pytestmark = pytest.mark.django_db
HOST = "studio.acme.example"
Signed = Callable[[Any], Client]


@pytest.fixture(autouse=True)
def domain(workspace: Any, settings: Any) -> Any:
    """As an operator sets it up: a row, and the host among those that are served at all."""
    caches["shared"].clear()
    settings.ALLOWED_HOSTS = ["testserver", HOST, "spare.example"]
    yield Domain.objects.create(domain=HOST, tenant=workspace, is_primary=True)
    caches["shared"].clear()


def test_the_host_leads_to_its_workspace(client_for: Signed, viewer: Any) -> None:
    client = client_for(viewer)
    assert client.get("/", headers={"host": HOST})["Location"] == "/w/acme/"
    assert client.get("/w/acme/", headers={"host": HOST}).status_code == 200
    assert client.get("/w/acme/", headers={"host": f"{HOST.upper()}:443"}).status_code == 200


def test_membership_is_asked_for_there_as_well(
    client_for: Signed, outsider: Any, other_owner: Any
) -> None:
    for person in (outsider, other_owner):
        answer = client_for(person).get("/w/acme/", headers={"host": HOST})
        assert answer.status_code == 404
    answer = Client().get("/w/acme/", headers={"host": HOST})
    assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("path", ["/w/globex/", "/api/v1/w/globex/posts", "/admin/", "/new/"])
def test_nothing_else_is_there(path: str, client_for: Signed, other_owner: Any) -> None:
    client = client_for(other_owner)
    assert client.get(path, headers={"host": HOST}).status_code == 404
    assert client.get(path).status_code != 404  # on Candy's own host it is


def test_a_host_without_a_row_leads_to_no_workspace(client_for: Signed, viewer: Any) -> None:
    answer = client_for(viewer).get("/", headers={"host": "spare.example"})
    assert answer.get("Location", "") != "/w/acme/"
    assert client_for(viewer).get("/", headers={"host": "evil.example"}).status_code == 400


def test_a_row_for_candys_own_host_takes_nothing_over(
    domain: Domain, client_for: Signed, other_owner: Any
) -> None:
    Domain.objects.create(domain="testserver", tenant=domain.tenant, is_primary=False)
    assert client_for(other_owner).get("/w/globex/").status_code == 200


def test_a_new_slug_is_followed(domain: Domain, client_for: Signed, viewer: Any) -> None:
    client = client_for(viewer)
    assert client.get("/", headers={"host": HOST})["Location"] == "/w/acme/"
    type(domain.tenant).objects.filter(pk=domain.tenant.pk).update(slug="acme-works")
    caches["shared"].clear()  # or a minute
    assert client.get("/", headers={"host": HOST})["Location"] == "/w/acme-works/"
