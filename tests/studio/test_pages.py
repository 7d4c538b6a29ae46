"""Every page of the shell opens for those who may see it, and only for them."""

from __future__ import annotations

import pytest

from apps.studio import settings_pages
from apps.studio.settings_pages import SettingsPage

PAGES = [
    "",
    "activity",
    "notifications",
    "projects",
    "command?q=",
    "notifications/bell",
]


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_sees_the_page(page, workspace, viewer, client_for):
    response = client_for(viewer).get(f"/w/acme/{page}")
    assert response.status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_outsiders_and_other_workspaces_find_nothing(
    page, workspace, outsider, other_owner, client_for
):
    for person in (outsider, other_owner):
        assert client_for(person).get(f"/w/acme/{page}").status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_strangers_are_sent_to_sign_in(page, workspace, client):
    response = client.get(f"/w/acme/{page}")
    assert response.status_code == 302
    assert "/accounts/login/" in response["Location"]


def test_a_page_holds_no_inline_style_or_handler(workspace, owner, client_for):
    html = client_for(owner).get("/w/acme/").content.decode()
    assert " style=" not in html
    assert " onclick=" not in html


def test_settings_lead_to_the_first_page_one_may_see(workspace, viewer, client_for, monkeypatch):
    pages = {
        "secret": SettingsPage("secret", "Secret", "lock", "studio:activity", permission="no.one"),
        "open": SettingsPage("open", "Open", "house", "studio:projects", order=200),
    }
    monkeypatch.setattr(settings_pages, "_pages", pages)
    assert client_for(viewer).get("/w/acme/settings")["Location"] == "/w/acme/projects"
