"""Starting the confined programs that look at files, and their answers as types and errors."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.errors import Unavailable
from apps.media import confine
from apps.media.confine import MB, Limits
from apps.media.errors import CheckTooHeavy, FileRefused, by_code

CHECK = Limits(seconds=30, memory=512 * MB, file=256 * MB, tasks=8)
_PLACE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Finding:
    """What a file is. Sizes in pixels, ``duration`` in seconds; ``master_mime`` for images only."""

    kind: str
    mime: str
    master_mime: str = ""
    width: int = 0
    height: int = 0
    frames: int = 1
    duration: float | None = None
    pages: int | None = None


def inspect(fd: int, *, folder: Path, tick: Callable[[], None] | None = None) -> Finding:
    """Look at the file behind ``fd``; an image's master is left as ``folder / "master"``.

    Raises FileRefused and its kind; CheckTooHeavy after thirty seconds or half a gigabyte.
    """
    wishes = {"fd": fd, "image_bytes": settings.CANDY_MAX_IMAGE_BYTES}
    answer = _ask(_PLACE / "inspector.py", json.dumps(wishes), fd, folder, tick)
    return Finding(**answer)


def attention(fd: int, *, folder: Path) -> dict[str, Any]:
    """Where the image behind ``fd`` attracts attention; see ``framing``. Raises CheckTooHeavy."""
    return _ask(_PLACE.parent / "attention.py", str(fd), fd, folder, None)


def _ask(
    program: Path, argument: str, fd: int, folder: Path, tick: Callable[[], None] | None
) -> dict[str, Any]:
    os.lseek(fd, 0, os.SEEK_SET)
    command = [sys.executable, "-I", str(program), argument]
    try:
        ended = confine.run(command, folder=folder, limits=CHECK, fds=[fd], tick=tick)
    except confine.TimeIsUp:
        raise _too_heavy("time") from None
    try:
        answer: dict[str, Any] = json.loads(ended.out)
    except ValueError:
        if ended.code < 0 or "MemoryError" in ended.err or "bad_alloc" in ended.err:
            raise _too_heavy("memory") from None
        raise Unavailable(f"The check of files does not run: {ended.err[-300:]}") from None
    refused = answer.get("error")
    if refused:
        found = by_code().get(refused["code"], FileRefused)
        raise found(refused["message"], code=refused["code"], field="file")
    return answer


def _too_heavy(what: str) -> CheckTooHeavy:
    return CheckTooHeavy(
        f"Checking this file takes more {what} than any file should.", field="file"
    )
