"""Pictures of pages of ours as a browser draws them."""

from __future__ import annotations

from apps.media import browser, files
from apps.media.checking import service as checking
from apps.media.errors import FileRefused, PageNotDrawn
from apps.media.types import Encoded

SCALE = 2  # device pixels for one of CSS, as on the screens that people have
_MOST_BYTES = 20_000_000


def is_possible() -> bool:
    """Whether there is a browser on this machine."""
    return browser.program() is not None


def take(*, document: str, select: str, width: int) -> Encoded:
    """``document``'s element ``select`` as a PNG, ``SCALE`` times as large as in a window of ``width``.

    The document holds all it needs: nothing is fetched and no script runs. What the browser wrote is
    decoded and written anew, confined like a stranger's file. Takes seconds: keep it out of
    transactions. Raises PageNotDrawn, Unavailable where there is no browser.
    """
    with files.work_folder() as folder:
        drawn = browser.draw(document, select=select, width=width, scale=SCALE, folder=folder)
        if not drawn.path.is_file() or drawn.path.stat().st_size > _MOST_BYTES:
            raise PageNotDrawn("The browser drew nothing, or far too much.")
        clean = folder / "clean"
        clean.mkdir()
        with drawn.path.open("rb") as file:
            try:
                found = checking.inspect(file.fileno(), folder=clean)
            except FileRefused as error:
                raise PageNotDrawn(f"The browser drew no picture: {error.message}") from error
        if found.master_mime != "image/png" or (found.width, found.height) != _size(drawn):
            raise PageNotDrawn("The browser drew something else than was asked for.")
        data = (clean / "master").read_bytes()
    return Encoded(data, found.master_mime, found.width, found.height)


def _size(drawn: browser.Drawn) -> tuple[int, int]:
    return drawn.width, drawn.height
