"""From signing up to numbers, in a browser, with nothing simulated but the networks themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.product import ARTEFACTS, Product, chromium, running
from tests.support.fleet import wait_until
from tests.support.site import html, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PASSAGES = {
    "/": (
        "Hand-built bicycles from Leith",
        (
            "We build bicycles by hand in a small workshop in Leith. Every frame starts with a "
            "conversation about how you ride. We measure twice, braze once, and we never rush the paint. "
            "If your bike creaks, we want to hear about it. You can visit us any Thursday."
        ),
    ),
    "/frames": (
        "Frames that fit",
        (
            "Our frames are steel because steel can be mended. A good frame fits you like a coat. We cut "
            "each tube to your measure, and we keep your drawing for as long as we exist. You will wait "
            "about nine weeks. We think that is worth it, and so do the people who come back."
        ),
    ),
    "/repairs": (
        "Repairs while you wait",
        (
            "We repair any bicycle, not just our own. Brakes take twenty minutes. Gears take an hour. We "
            "show you what was wrong and how you can stop it from happening again. Bring biscuits if you "
            "like; we have the tea. Our repair stand is open from eight every morning."
        ),
    ),
    "/winter": (
        "Riding through winter",
        (
            "Winter is kind to riders who prepare. Fit mudguards before the first rain. Clean your chain "
            "every week. We fit lights that you can see from the end of the street, and we check your "
            "tyres for nothing. You do not need a new bike for winter. You need a dry chain."
        ),
    ),
}


def site() -> dict[str, Any]:
    links = "".join(f'<a href="{path}">{title}</a>' for path, (title, _) in PASSAGES.items())
    return {
        path: html(f"<nav>{links}</nav><main><h1>{title}</h1><p>{text}</p></main>", title=title)
        for path, (title, text) in PASSAGES.items()
    }


def test_from_signing_up_to_numbers(tmp_path: Path, db: None) -> None:
    with (
        serve(site()) as brand,
        running(tmp_path, allow=(brand.host_port,)) as product,
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        problems = _listen(page)
        try:
            _sign_up(page, product)
            _onboard(page, brand.url)
            _published(page, product)
        except BaseException:
            _keep(page, "failed")
            print(product.fleet.logs())
            raise
        assert problems == [], "the console stayed clean and nothing answered 5xx"


def _sign_up(page: Page, product: Product) -> None:
    page.goto(f"{product.url}/accounts/signup/")
    page.fill("input[name=email]", "mira@leith.example")
    for field in page.locator("input[type=password]").all():
        field.fill("nine weeks of steel")
    if page.locator("input[name=name]").count():
        page.fill("input[name=name]", "Mira Leith")
    page.click("main button[type=submit]")
    page.fill("input[name=code]", _code_in_mail(product.mail))
    _keep(page, "confirm")
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url(lambda url: "confirm" not in url)
    page.goto(f"{product.url}/new/")
    page.fill("input[name=name]", "Leith Bicycles")
    page.fill("input[name=slug]", "leith")
    _keep(page, "new-workspace")
    page.click("main button[type=submit]")
    page.wait_for_url("**/w/leith/**")


def _onboard(page: Page, website: str) -> None:
    page.wait_for_url("**/w/leith/start/brand/")  # where a new workspace begins
    page.fill("input[name=website]", website)
    page.fill("textarea[name=description]", "Hand-built bicycles and honest repairs.")
    _keep(page, "brand")
    page.click("main button[type=submit]")
    expect(page.locator("input[name=address]")).to_have_value(f"{website}/")
    page.click("main button[type=submit]")
    expect(page.locator("#sources-live")).to_contain_text("Read", timeout=60_000)
    page.get_by_role("link", name="Continue").wait_for(timeout=60_000)
    _keep(page, "sources")
    page.get_by_role("link", name="Continue").click()
    page.get_by_role("button", name="Learn our voice").click()
    expect(page.get_by_role("heading", name="Tone")).to_be_visible(timeout=20_000)
    _keep(page, "voice")
    page.get_by_role("link", name="Continue").click()
    page.get_by_role("button", name="Use the sandbox networks").click()
    expect(page.get_by_text("Connected").first).to_be_visible(timeout=20_000)
    _keep(page, "channels")
    page.get_by_role("link", name="Continue").click()
    page.fill("textarea[name=topic]", "Riding through winter")
    page.get_by_role("button", name="Write it").click()
    expect(page.get_by_text("Built-in writer").first).to_be_visible(timeout=30_000)
    _keep(page, "candidates")
    page.get_by_role("button", name="Send in 90 seconds").click()
    page.wait_for_url("**/calendar/**")
    expect(page.locator(".planner-event").first).to_be_visible(timeout=20_000)
    _keep(page, "calendar")


def _published(page: Page, product: Product) -> None:
    base = f"{product.url}/w/leith"
    page.goto(f"{base}/posts/")
    page.locator("[data-row-open]").first.click()
    page.get_by_role("link", name="Edit").click()
    _keep(page, "composer")
    page.get_by_role("button", name="Publish now").click()
    page.locator("dialog[open]").get_by_role("button", name="Publish").click()
    page.wait_for_url(re.compile(r"/posts/[0-9a-f-]+/$"))
    expect(page.get_by_text("Published").first).to_be_visible(timeout=40_000)
    link = page.locator("a.link-accent[target=_blank]").first
    expect(link).to_be_visible(timeout=40_000)
    permalink = link.get_attribute("href")
    assert permalink is not None
    assert permalink.startswith(product.sandbox)
    expect(page.locator(".figure").first).to_be_visible(timeout=60_000)
    _keep(page, "published")
    page.get_by_role("link", name="Receipt").first.click()
    expect(page.locator(".receipt-line").first).to_be_visible()
    _keep(page, "receipt")
    page.goto(permalink)
    _keep(page, "as-a-reader")
    page.goto(f"{base}/analytics/")
    expect(page.locator("[data-controller=chart][data-ready]").first).to_be_visible(timeout=20_000)
    expect(page.get_by_role("table").last).to_contain_text("Riding through winter")
    _keep(page, "analytics")
    page.goto(f"{base}/")
    _keep(page, "home")


def _listen(page: Page) -> list[str]:
    """What a visitor would never see but a developer should: console errors and 5xx."""
    found: list[str] = []
    page.on("console", lambda m: found.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("response", lambda r: found.append(f"{r.status} {r.url}") if r.status >= 500 else None)
    return found


def _code_in_mail(folder: Path) -> str:
    """The code that the newest mail names in its subject."""

    def newest() -> str:
        texts = [path.read_text() for path in sorted(folder.glob("*"))]
        found = re.findall(r"^Subject: .*: ([A-Z0-9-]{6,})$", "\n".join(texts), re.MULTILINE)
        return found[-1] if found else ""

    wait_until(newest, 20, lambda: f"no code in {folder}")
    return newest()


def _keep(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)
