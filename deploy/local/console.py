"""One log of many programs: each line behind the coloured name of who said it."""

from __future__ import annotations

from deploy.local.paths import TERMINAL, paint

COLOURS = ("36", "33", "32", "34", "35", "96", "93", "92")


class Console:
    """Writes whole lines only, so that two programs never share one."""

    def __init__(self, width: int = 8) -> None:
        self.width = width
        self._colours: dict[str, str] = {}
        self._partial: dict[str, bytes] = {}

    def feed(self, name: str, data: bytes) -> None:
        """Print the complete lines of ``data``; keep the rest until its end arrives."""
        *lines, rest = (self._partial.pop(name, b"") + data).split(b"\n")
        for line in lines:
            self.line(name, line.decode(errors="replace").rstrip("\r"))
        if rest:
            self._partial[name] = rest

    def flush(self, name: str) -> None:
        rest = self._partial.pop(name, b"")
        if rest:
            self.line(name, rest.decode(errors="replace"))

    def line(self, name: str, text: str) -> None:
        code = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        TERMINAL.write(f"{paint(name.ljust(self.width), code)} {paint('|', '2')} {text}\n")
