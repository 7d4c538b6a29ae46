"""One registry of places: who sees what, and what is refused at start-up."""

from __future__ import annotations

import pytest

from apps.studio import home, navigation, settings_pages
from apps.studio.home import Block
from apps.studio.navigation import NavItem
from apps.studio.settings_pages import SettingsPage


@pytest.fixture
def request_of(rf, workspace, actor_for):
    """``request_of(user)``: as the door would make it, inside the workspace."""
    from apps.workspaces.tenancy import workspace_context

    with workspace_context(workspace):

        def make(user):
            request = rf.get("/w/acme/")
            request.user, request.workspace = user, workspace
            request.actor, request.resolver_match = actor_for(user, workspace), None
            return request

        yield make


def test_a_place_is_hidden_from_those_who_may_not(request_of, owner, viewer, monkeypatch):
    item = NavItem("vault", "Vault", "lock", "studio:activity", permission="workspace.delete")
    monkeypatch.setattr(navigation, "_items", {"vault": item})
    assert [place.key for place in navigation.places(request_of(owner))] == ["vault"]
    assert navigation.places(request_of(viewer)) == []


def test_a_place_without_a_page_is_left_out(request_of, owner, monkeypatch):
    items = {"later": NavItem("later", "Later", "clock", "nowhere:yet")}
    monkeypatch.setattr(navigation, "_items", items)
    assert navigation.places(request_of(owner)) == []


def test_a_key_is_declared_once():
    with pytest.raises(ValueError, match="registered twice"):
        navigation.register(NavItem("home", "Another home", "house", "studio:activity"))


def test_no_two_places_share_a_shortcut():
    letters = [item.shortcut for item in navigation.nav_items() if item.shortcut]
    assert len(letters) == len(set(letters))


def test_at_most_four_places_are_in_the_bottom_bar():
    assert sum(item.on_phone for item in navigation.nav_items()) <= 4


def test_mistakes_show_at_start_up():
    with pytest.raises(ValueError, match="no such width"):
        home.register_block(Block("odd", "x.html", lambda request: {}, width="enormous"))
    with pytest.raises(ValueError, match="no such group"):
        settings_pages.register(SettingsPage("odd", "Odd", "x", "studio:home", group="nobody"))


def test_every_icon_in_the_navigation_exists():
    from apps.studio import icons

    missing = [item.icon for item in navigation.nav_items() if not icons.exists(item.icon)]
    assert missing == []


def test_home_takes_few_queries(
    workspace, owner, viewer, client_for, django_assert_max_num_queries
):
    # Two of them set the search path; who sets the workspace up costs one for each step.
    for person, most in ((viewer, 14), (owner, 20)):
        client = client_for(person)
        client.get("/w/acme/")
        with django_assert_max_num_queries(most):
            client.get("/w/acme/")
