"""Fixtures that every test may use. Real PostgreSQL, real Valkey."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client, TransactionTestCase

from tests.support import database
from tests.support.browser import chromium, look  # noqa: F401  fixtures


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """Replaces pytest-django's: a copy of the template database instead of a run of migrations."""
    with django_db_blocker.unblock():
        name = database.create(os.environ.get("PYTEST_XDIST_WORKER", ""))
    yield
    with django_db_blocker.unblock():
        database.destroy(name)


@pytest.fixture(scope="session", autouse=True)
def _keep_workspaces_after_committing_tests() -> Iterator[None]:
    """Django would truncate ``public`` alone; workspaces have schemas of their own."""
    original = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = lambda self: database.restore_baseline()
    yield
    TransactionTestCase._fixture_teardown = original


@pytest.fixture(autouse=True)
def _start_in_public() -> Iterator[None]:
    from apps.workspaces.tenancy.context import deactivate

    deactivate()
    yield
    deactivate()


@pytest.fixture
def workspace(db: None) -> Any:
    from apps.workspaces.models import Workspace

    return Workspace.objects.get(slug="acme")


@pytest.fixture
def other_workspace(db: None) -> Any:
    from apps.workspaces.models import Workspace

    return Workspace.objects.get(slug="globex")


@pytest.fixture
def in_workspace(workspace: Any) -> Iterator[Any]:
    from apps.workspaces.tenancy import workspace_context

    with workspace_context(workspace):
        yield workspace


def make_member(workspace: Any, role: str, email: str) -> Any:
    """A verified person with ``role`` in ``workspace``."""
    from allauth.account.models import EmailAddress

    from apps.accounts.models import User
    from apps.workspaces.models import Membership
    from apps.workspaces.services.provisioning import builtin_role

    user = User.objects.create_user(
        email, "correct horse battery", name=email.split("@")[0].title()
    )
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if workspace is not None:
        Membership.objects.create(workspace=workspace, user=user, role=builtin_role(role))
    return user


@pytest.fixture
def owner(workspace: Any) -> Any:
    return make_member(workspace, "owner", "olga@acme.example")


@pytest.fixture
def admin(workspace: Any) -> Any:
    return make_member(workspace, "admin", "adam@acme.example")


@pytest.fixture
def contributor(workspace: Any) -> Any:
    return make_member(workspace, "contributor", "cora@acme.example")


@pytest.fixture
def viewer(workspace: Any) -> Any:
    return make_member(workspace, "viewer", "vera@acme.example")


@pytest.fixture
def outsider(db: None) -> Any:
    return make_member(None, "", "otto@nowhere.example")


@pytest.fixture
def other_owner(other_workspace: Any) -> Any:
    return make_member(other_workspace, "owner", "gina@globex.example")


@pytest.fixture
def actor_for() -> Callable[[Any, Any], Any]:
    """``actor_for(user, workspace)``: the actor the door would make of them."""
    from apps.workspaces.services import access

    return lambda user, workspace: access.by_person(user=user, slug=workspace.slug).actor


@pytest.fixture
def client_for() -> Callable[[Any], Client]:
    def signed_in(user: Any) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in
