"""The staff site: for staff, behind the usual sign-in, read-mostly, searchable, with its own policy."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.test import Client

from apps.workspaces.models import ApiKey, Membership, Workspace
from apps.workspaces.staff.sites import workspace_site
from apps.workspaces.tenancy import workspace_context
from tests.api.conftest import make_key
from tests.conftest import make_member
from tests.isolation.planting import Planter


@pytest.fixture
def staff(workspace: Any) -> Any:
    user = make_member(None, "", "sam@candy.example")
    user.is_staff = user.is_superuser = True
    user.save()
    return user


@pytest.fixture
def helper(workspace: Any) -> Any:
    """Staff who may look and not touch."""
    user = make_member(None, "", "hanna@candy.example")
    user.is_staff = True
    user.save()
    return user


def address(site: Any, model: Any, slug: str = "acme") -> str:
    base = "/admin" if site is admin.site else f"/admin/w/{slug}"
    return f"{base}/{model._meta.app_label}/{model._meta.model_name}/"


SHARED = sorted(admin.site._registry, key=lambda model: model._meta.label)
TENANT = sorted(workspace_site._registry, key=lambda model: model._meta.label)


@pytest.mark.parametrize("path", ["/admin/", "/admin/workspaces/workspace/", "/admin/w/acme/"])
def test_the_door(
    path: str, client_for: Any, staff: Any, owner: Any, outsider: Any, helper: Any
) -> None:
    nobody = Client().get(path, follow=True)
    assert nobody.redirect_chain[-1][0].startswith("/accounts/login/")
    for user in (owner, outsider):
        assert client_for(user).get(path, follow=True).status_code == 403
    for user in (staff, helper):
        assert client_for(user).get(path).status_code == 200


def test_the_admin_has_no_sign_in_form_of_its_own(client_for: Any, staff: Any) -> None:
    response = Client().post(
        "/admin/login/?next=/admin/", {"username": staff.email, "password": "correct horse battery"}
    )
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/admin/"


def test_staff_without_a_second_factor_are_led_to_it(
    client_for: Any, staff: Any, settings: Any
) -> None:
    settings.CANDY_STAFF_NEEDS_MFA = True
    client = client_for(staff)
    for path in ("/admin/", "/admin/w/acme/"):
        first = client.get(path, follow=True).redirect_chain[-1][0]
        assert not first.startswith("/admin/"), first
    Authenticator.objects.create(user=staff, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/w/acme/").status_code == 200


@pytest.mark.parametrize("model", SHARED, ids=lambda model: model._meta.label)
def test_every_list_opens_and_is_searchable(model: Any, client_for: Any, staff: Any) -> None:
    client = client_for(staff)
    for query in ("", "?q=a"):
        response = client.get(address(admin.site, model) + query)
        assert response.status_code == 200, response.get("Location")
    if admin.site._registry[model].has_add_permission(response.wsgi_request):
        assert client.get(address(admin.site, model) + "add/").status_code == 200


def test_a_row_opens_and_the_key_itself_is_nowhere(
    client_for: Any, staff: Any, owner: Any, workspace: Any
) -> None:
    raw, row = make_key(owner, workspace)
    page = client_for(staff).get(f"/admin/workspaces/apikey/{row.pk}/change/")
    assert page.status_code == 200
    assert row.prefix in page.content.decode()
    assert raw not in page.content.decode()
    assert row.key_hash not in page.content.decode()


def test_people_open_with_their_workspaces(client_for: Any, staff: Any, owner: Any) -> None:
    page = client_for(staff).get(f"/admin/accounts/user/{owner.pk}/change/")
    assert page.status_code == 200
    assert "Acme" in page.content.decode()
    assert "argon2" not in page.content.decode()


def test_looking_staff_change_nothing(client_for: Any, helper: Any, owner: Any) -> None:
    response = client_for(helper).post(
        f"/admin/accounts/user/{owner.pk}/change/", {"name": "Taken", "is_superuser": "on"}
    )
    assert response.status_code == 403
    owner.refresh_from_db()
    assert owner.name == "Olga"
    assert not owner.is_superuser


@pytest.mark.parametrize("model", [Workspace, Membership, ApiKey])
def test_ledgers_cannot_be_written_even_by_superusers(
    model: Any, client_for: Any, staff: Any, owner: Any, workspace: Any
) -> None:
    make_key(owner, workspace)
    client, row = client_for(staff), model.objects.filter(pk__isnull=False).first()
    before = model.objects.count()
    base = address(admin.site, model)
    assert client.get(f"{base}add/").status_code == 403
    assert client.post(f"{base}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{base}{row.pk}/change/", {"name": "x"}).status_code == 403
    assert model.objects.count() == before


def test_only_staff_pages_have_the_relaxed_policy(client_for: Any, staff: Any) -> None:
    client = client_for(staff)
    for path in ("/admin/", "/admin/w/acme/", "/admin/workspaces/workspace/"):
        policy = client.get(path)["Content-Security-Policy"]
        script = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "'unsafe-eval'" in script
        assert "'unsafe-inline'" not in script
        assert "frame-ancestors 'none'" in policy
    elsewhere = client.get("/api/v1/me")["Content-Security-Policy"]
    assert "unsafe" not in elsewhere


def test_a_list_costs_the_same_for_many_rows(
    client_for: Any, staff: Any, workspace: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        make_member(workspace, "viewer", f"m{number}@acme.example")
    client = client_for(staff)
    client.get("/admin/workspaces/membership/")
    with django_assert_max_num_queries(8):
        page = client.get("/admin/workspaces/membership/")
    assert all(f"M{number}" in page.content.decode() for number in range(30))


@pytest.mark.parametrize("model", TENANT, ids=lambda model: model._meta.label)
def test_every_list_of_a_workspace_opens(model: Any, client_for: Any, staff: Any) -> None:
    client = client_for(staff)
    for query in ("", "?q=a"):
        assert client.get(address(workspace_site, model) + query).status_code == 200


def test_links_inside_a_workspace_stay_inside_and_do_not_leak_out(
    client_for: Any, staff: Any
) -> None:
    client = client_for(staff)
    inside = client.get("/admin/w/acme/").content.decode()
    assert "global schema" not in inside  # django_tenants has a sidebar of its own
    assert 'href="/admin/w/acme/knisoci/post/"' in inside
    assert 'href="/admin/w/acme/' in inside
    outside = client.get("/admin/").content.decode()
    assert 'href="/admin/workspaces/workspace/"' in outside
    assert client.get("/admin/w/nowhere/").status_code == 404


def test_every_planted_row_opens_and_shows_no_secret(
    client_for: Any, staff: Any, owner: Any, workspace: Any
) -> None:
    """A row of each model, made by the isolation tests' planter; what is sealed stays sealed."""
    client = client_for(staff)
    with workspace_context(workspace):
        planter = Planter(owner)
        planter.plant_all()
    for model in TENANT:
        row = planter.rows[model]
        listed = client.get(address(workspace_site, model))
        assert listed.status_code == 200, model
        page = client.get(f"{address(workspace_site, model)}{row.pk}/change/")
        assert page.status_code == 200, model
        for act in ("add/", f"{row.pk}/delete/"):
            assert client.get(address(workspace_site, model) + act).status_code == 403, model
    assert {model.__name__ for model in TENANT} & {
        "Secret",
        "DataKey",
        "ModelKey",
        "SignIn",
    } == set()


def test_superusers_suspend_and_resume_through_the_service(
    client_for: Any, staff: Any, helper: Any, owner: Any, workspace: Any
) -> None:
    def act(user: Any, name: str) -> str:
        form = {"action": name, "_selected_action": [workspace.pk]}
        client_for(user).post("/admin/workspaces/workspace/", form)
        workspace.refresh_from_db()
        return str(workspace.state)

    assert act(helper, "suspend") == "ready"
    assert act(staff, "suspend") == "suspended"
    assert client_for(owner).get("/api/v1/w/acme/workspace").status_code == 403
    assert act(staff, "resume") == "ready"
    assert act(helper, "delete_softly") == "ready"
    assert act(staff, "delete_softly") == "deleting"
    assert act(staff, "restore") == "ready"
