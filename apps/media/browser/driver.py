"""The confined program that has a browser draw one page: standard library only, see ``__init__``.

Argument one is a JSON object::

    {"command": [program and arguments], "page": path, "width": CSS pixels, "scale": n,
     "most": CSS pixels of height, "select": what is drawn, "out": path}

It speaks DevTools over two pipes (there is no port) and writes the element that ``select`` finds, whole,
as a PNG with a transparent ground. Answers ``{"width", "height", "cut"}`` in pixels of the picture.
"""

import base64
import fcntl
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_FROM_US, _TO_US = 3, 4  # where Chromium looks for them


class Browser:
    """One browser, ended with its process group by whoever started us."""

    def __init__(self, command: list[str]) -> None:
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs_in, theirs_out)]

        def place() -> None:
            os.dup2(ends[0], _FROM_US)
            os.dup2(ends[1], _TO_US)

        subprocess.Popen(
            command,
            stdout=sys.stderr,  # and no input: ours is empty
            pass_fds=(_FROM_US, _TO_US),
            preexec_fn=place,
        )
        for end in (theirs_in, theirs_out, *ends):
            os.close(end)
        self._held = b""
        self._number = 0
        self.session = ""

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its answer; events on the way are dropped."""
        self._number += 1
        wish: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self.session:
            wish["sessionId"] = self.session
        self._say(json.dumps(wish).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._number:
                if "error" in heard:
                    raise SystemExit(f"{method}: {heard['error'].get('message')}")
                return dict(heard["result"])

    def _say(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._to, data) :]
        except BrokenPipeError:
            raise SystemExit("The browser has ended.") from None

    def wait_for(self, event: str) -> None:
        while self._hear().get("method") != event:
            pass

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._held:
            data = os.read(self._from, 1 << 20)
            if not data:
                raise SystemExit("The browser has ended.")
            self._held += data
        line, _, self._held = self._held.partition(b"\0")
        heard = dict(json.loads(line))
        if heard.get("method") == "Inspector.targetCrashed":
            raise SystemExit("The page crashed.")
        return heard


def open_page(browser: Browser, wishes: dict[str, Any]) -> None:
    """The page, loaded, in a tab where no script runs and nothing can be fetched."""
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    attached = browser.ask("Target.attachToTarget", targetId=target, flatten=True)
    browser.session = attached["sessionId"]
    browser.ask("Inspector.enable")
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    browser.ask("Network.enable")
    browser.ask("Network.setBlockedURLs", urls=["http:*", "https:*", "ws:*", "wss:*", "ftp:*"])
    browser.ask(
        "Emulation.setDeviceMetricsOverride",
        width=wishes["width"],
        height=800,
        deviceScaleFactor=wishes["scale"],
        mobile=False,
    )
    light = [
        {"name": "prefers-color-scheme", "value": "light"},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    browser.ask("Emulation.setEmulatedMedia", features=light)
    clear = {"r": 0, "g": 0, "b": 0, "a": 0}
    browser.ask("Emulation.setDefaultBackgroundColorOverride", color=clear)
    browser.ask("Page.enable")
    browser.ask("Page.navigate", url=Path(wishes["page"]).as_uri())
    browser.wait_for("Page.loadEventFired")


def main() -> None:
    wishes = json.loads(sys.argv[1])
    browser = Browser(wishes["command"])
    open_page(browser, wishes)
    root = browser.ask("DOM.getDocument", depth=0)["root"]["nodeId"]
    found = browser.ask("DOM.querySelector", nodeId=root, selector=wishes["select"])["nodeId"]
    if not found:
        raise SystemExit("There is nothing to draw on the page.")
    border = browser.ask("DOM.getBoxModel", nodeId=found)["model"]["border"]
    left, top = math.floor(border[0]), math.floor(border[1])
    right, bottom = math.ceil(border[4]), math.ceil(border[5])
    height = min(bottom - top, wishes["most"])
    clip = {"x": left, "y": top, "width": right - left, "height": height, "scale": 1}
    shot = browser.ask(
        "Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True
    )
    Path(wishes["out"]).write_bytes(base64.b64decode(shot["data"]))
    scale = wishes["scale"]
    size = {"width": (right - left) * scale, "height": height * scale}
    sys.stdout.write(json.dumps({**size, "cut": bottom - top > wishes["most"]}))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
