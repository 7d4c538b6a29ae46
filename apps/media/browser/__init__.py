"""A headless Chromium that draws one page of ours, confined like every program that opens pictures.

The page is a whole document with everything in it: the browser has no network (a namespace without
interfaces where the kernel has them, no names, a proxy to nowhere, every address blocked), runs no
script, and sees a folder and profile of its own. Chromium's own sandbox is off, because it wants
rights that are taken away here; ours is around it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from apps.errors import Unavailable
from apps.media import confine
from apps.media.confine import MB, Limits
from apps.media.errors import PageNotDrawn

LIMITS = Limits(seconds=45, resident=1_000 * MB, file=128 * MB, tasks=400, open_files=1_024)
MOST = 6_000  # CSS pixels of height: 48 MB decoded at twice the scale of a phone
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_DRIVER = Path(__file__).with_name("driver.py")
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--no-zygote",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=Translate,MediaRouter,OptimizationHints,DialMediaRouteProvider",
    "--no-first-run",
    "--no-pings",
    "--no-service-autorun",
    "--hide-scrollbars",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--remote-debugging-pipe",
)
# What it looks at when it starts: fonts and their rules, its own settings, processors and processes.
_READABLE = (
    *("/etc/fonts", "/etc/chromium", "/etc/chromium.d", "/etc/alternatives", "/opt"),
    *("/usr/share", "/usr/local/share/fonts", "/var/cache/fontconfig"),
    *("/sys/devices", "/proc", "/dev/random"),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """``path`` is a PNG in the folder of the work, in device pixels. ``was_cut`` at ``MOST``."""

    path: Path
    width: int
    height: int
    was_cut: bool


def program() -> Path | None:
    """``CANDY_CHROMIUM``, the machine's own, or the one that `make run` gets; None where there is none.

    Asked anew each time: one may come while we run.
    """
    if settings.CANDY_CHROMIUM == "off":
        return None
    if settings.CANDY_CHROMIUM:
        return Path(settings.CANDY_CHROMIUM)
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found:
        return Path(found)
    fetched: Path = settings.VAR_DIR / "chromium" / "start"
    return fetched if fetched.exists() else None


def draw(document: str, *, select: str, width: int, scale: int, folder: Path) -> Drawn:
    """The element that ``select`` finds in ``document``, laid out in a window ``width`` wide.

    Raises PageNotDrawn where it fails or takes too long, Unavailable without a browser.
    """
    binary = program()
    if binary is None:
        raise Unavailable("This installation has no browser. Set CANDY_CHROMIUM.")
    page, out, profile = folder / "page.html", folder / "page.png", folder / "profile"
    page.write_text(document, encoding="utf-8")
    profile.mkdir()
    wishes = {
        "command": [str(binary), *_ARGUMENTS, f"--user-data-dir={profile}", "about:blank"],
        "page": str(page),
        "width": width,
        "scale": scale,
        "most": MOST,
        "select": select,
        "out": str(out),
    }
    command = [sys.executable, "-I", "-S", str(_DRIVER), json.dumps(wishes)]
    try:
        ended = confine.run(command, folder=folder, limits=LIMITS, readable=_readable(binary))
    except confine.TimeIsUp:
        raise PageNotDrawn("Drawing this page took too long.") from None
    except confine.TooMuchMemory:
        raise PageNotDrawn("Drawing this page took too much memory.") from None
    try:
        said = json.loads(ended.out)
    except ValueError:
        said = None
    if ended.code or not isinstance(said, dict):
        raise PageNotDrawn(f"The browser gave up: {_last_words(ended.err) or ended.code}")
    return Drawn(out, said["width"], said["height"], said["cut"])


def _readable(binary: Path) -> list[Path]:
    """The program may be a script, or a link, beside what it needs."""
    real = Path(os.path.realpath(binary))
    return [Path(one) for one in _READABLE] + [binary.parent, real.parent]


def _last_words(err: str) -> str:
    """What our driver said, without Chromium's own log lines."""
    lines = [line for line in err.splitlines() if line.strip() and not line.startswith("[")]
    return lines[-1][:200] if lines else ""
