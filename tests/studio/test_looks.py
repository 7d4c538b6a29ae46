"""The shell in a real browser: nobody is shut out, nothing is refused by the policy, nothing jumps."""

from __future__ import annotations

import re

import pytest

from apps.orchestrator import services as orchestrator
from apps.studio.models import Notification
from apps.studio.services import projects
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = ["", "activity", "notifications", "projects", "projects/new"]


@pytest.fixture
def lived_in(workspace, owner):
    """Acme with a project, some history and two notifications for its owner."""
    with workspace_context(workspace):
        system = Actor.system(workspace)
        projects.create(actor=system, name="Spring", purpose="Sour range")
        orchestrator.emit(actor=system, kind="post.published", summary="“Meet the makers” is out")
        for number, tone in enumerate(("danger", "success"), start=1000):
            Notification.objects.create(
                person=owner, sequence=number, kind="x", tone=tone, title="Look here", body="Now"
            )
    return workspace


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_a_page_shuts_nobody_out_and_fits(page, theme, width, lived_in, owner, look):
    with look(f"/w/acme/{page}", user=owner, theme=theme, width=width) as sight:
        assert sight.serious() == []
        assert sight.overflow() <= 0
        assert sight.complaints == []


def test_an_empty_workspace_is_no_worse(workspace, owner, look):
    for page in PAGES:
        with look(f"/w/acme/{page}", user=owner, theme="dark") as sight:
            assert sight.serious() == []


def test_the_command_bar_finds_and_goes_by_keyboard(lived_in, owner, look):
    with look("/w/acme/", user=owner) as sight:
        page = sight.page
        page.keyboard.press("Control+k")
        page.wait_for_selector("#command-list [role=option]")
        assert sight.serious() == []
        page.keyboard.type("spring")
        page.wait_for_selector("#command-list [role=option]:first-of-type:has-text('Spring')")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/w/acme/projects/[0-9a-f-]{36}$"))
        assert page.inner_text("h1") == "Spring"


def test_notifications_open_beside_the_page_and_can_be_read_away(lived_in, owner, look):
    with look("/w/acme/projects", user=owner) as sight:
        page = sight.page
        page.click(".shell-side a:has-text('Notifications')")
        page.wait_for_selector("#drawer[open] .note-line")
        assert sight.serious() == []
        page.click("#drawer button:has-text('Mark all read')")
        page.wait_for_selector(".side-bell:not(:has(.count))", state="attached")
        page.keyboard.press("Escape")
        page.wait_for_selector("#drawer:not([open])", state="attached")
        assert page.url.endswith("/w/acme/projects")
        assert sight.complaints == []
    with workspace_context(lived_in):
        assert not Notification.objects.filter(read_at__isnull=True).exists()


def test_the_sidebar_stays_folded_on_the_next_page_without_a_jump(workspace, owner, look):
    with look("/w/acme/", user=owner) as sight:
        page = sight.page
        page.click("[data-action='sidebar#fold']")
        page.goto(page.url + "projects", wait_until="commit")
        assert page.get_attribute("html", "data-sidebar") == "collapsed"


def test_a_phone_has_a_sheet_that_closes_with_focus_back(workspace, owner, look):
    with look("/w/acme/", user=owner, width=390) as sight:
        page = sight.page
        assert not page.is_visible("#sidebar")
        page.click("[aria-label='Menu']")
        page.wait_for_selector("#sidebar", state="visible")
        page.keyboard.press("Escape")
        page.wait_for_selector("#sidebar", state="hidden")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Menu"


def test_the_theme_changes_at_once_and_stays(workspace, owner, look):
    with look("/w/acme/", user=owner) as sight:
        page = sight.page
        page.click("button:has-text('your account')")
        page.click("[data-theme-choice-param=dark]")
        dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        page.reload()
        assert page.get_attribute("html", "data-theme") == "candy-dark"
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == dark
