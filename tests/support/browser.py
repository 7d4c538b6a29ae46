"""A real Chromium for tests that look: signed in, in one theme and width, with axe at hand.

``CANDY_CHROMIUM`` and ``CANDY_CHROMIUM_ARGS`` are set by `make test`; without them the machine's own
Chromium is used, and a machine without one fails rather than skips.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from config.env import BASE_DIR

AXE = BASE_DIR / "static" / "node_modules"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Live servers of tests speak HTTP only; the socket has tests of its own.
NOT_OURS = ("WebSocket",)


@dataclass
class Sight:
    """One open page and what the browser complained about while it was."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def serious(self) -> list[str]:
        """What axe finds that shuts people out, each with where it is."""
        self.page.evaluate((AXE / "axe-core/axe.min.js").read_text(encoding="utf-8"))
        found = self.page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        return [
            f"{problem['id']}: {node['target']} {node['html'][:120]}"
            for problem in found["violations"]
            if problem["impact"] in ("serious", "critical")
            for node in problem["nodes"]
        ]

    def unroll(self) -> None:
        """A window as high as the page: bars that stick to it cover nothing."""
        height = self.page.evaluate("document.documentElement.scrollHeight")
        width = self.page.viewport_size["width"] if self.page.viewport_size else 390
        self.page.set_viewport_size({"width": width, "height": height})

    def small(self, selector: str, least: int = 44) -> list[str]:
        """What of `selector` is in sight and less than `least` pixels high or wide."""
        return list(
            self.page.evaluate(
                """([selector, least]) => [...document.querySelectorAll(selector)]
                    .map((one) => [one, one.getBoundingClientRect()])
                    .filter(([, box]) => box.width && box.height)
                    .filter(([, box]) => Math.min(box.width, box.height) < least - 0.5)
                    .map(([one, box]) =>
                        `${box.width}x${box.height} ${one.outerHTML.slice(0, 120)}`)""",
                [selector, least],
            )
        )

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.fixture(scope="module")  # Playwright keeps a loop running: it must not outlive its file
def chromium() -> Iterator[Browser]:
    # Playwright's loop runs in this thread; Django takes that for async code and would refuse.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    path = os.environ.get("CANDY_CHROMIUM") or shutil.which("chromium")
    assert path, "No Chromium: run `make test`, or give one as CANDY_CHROMIUM."
    arguments = os.environ.get("CANDY_CHROMIUM_ARGS", "--no-sandbox --disable-gpu").split()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def look(chromium: Browser, live_server: Any) -> Callable[..., Any]:
    """``with look("/w/acme/", user=owner, theme="dark", width=390) as sight: ...``"""

    @contextmanager
    def opened(
        path: str, *, user: Any = None, theme: str = "light", width: int = 1440
    ) -> Iterator[Sight]:
        base = live_server.url

        context = chromium.new_context(
            viewport={"width": width, "height": 900}, reduced_motion="reduce"
        )
        cookies = [{"name": "candy_theme", "value": theme, "url": base}]
        if user is not None:
            client = Client()
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            session = client.cookies["sessionid"].value
            cookies.append({"name": "sessionid", "value": session, "url": base})
        context.add_cookies(cookies)
        sight = Sight(context.new_page())
        sight.page.on("console", lambda message: _note(sight, message.type, message.text))
        sight.page.on("pageerror", lambda error: sight.complaints.append(str(error)))
        sight.page.goto(base + path)
        try:
            yield sight
        finally:
            context.close()

    return opened


def _note(sight: Sight, kind: str, text: str) -> None:
    if kind in ("error", "warning") and not any(word in text for word in NOT_OURS):
        sight.complaints.append(text)
