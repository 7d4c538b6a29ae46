"""The browser's half: Node packages from the lock file, and the built files in static/dist."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from pathlib import Path

from deploy.local.paths import ROOT, STATIC, npm, say

DIST = STATIC / "dist"
# What a build is made from. Templates count because the style sheet holds the classes they use.
SOURCES = ("static/src", "templates", "apps/*/templates")
FILES = ("package.json", "package-lock.json", "vite.config.ts", "tsconfig.json")


def ensure_built() -> None:
    """Install Node packages and build, each only when what it is made from has changed."""
    if not (STATIC / "package.json").is_file():
        return
    modules = STATIC / "node_modules"
    packages = digest_of([STATIC / "package.json", STATIC / "package-lock.json"])
    if not is_current(modules, packages):
        timed("installing Node packages", "ci", "--no-audit", "--no-fund")
        mark(modules, packages)
    sources = digest_of(source_files())
    if not is_current(DIST, sources):
        timed("building assets", "run", "build")
        mark(DIST, sources)


def source_files() -> list[Path]:
    found = [STATIC / name for name in FILES]
    for pattern in SOURCES:
        for folder in ROOT.glob(pattern):
            found.extend(path for path in folder.rglob("*") if path.is_file())
    return found


def digest_of(paths: Iterable[Path]) -> str:
    """One digest over names and contents, whatever order the file system lists them in."""
    digest = hashlib.sha256()
    for path in sorted(set(paths)):
        if path.is_file():
            digest.update(f"{path.relative_to(ROOT)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def stamp_of(folder: Path) -> Path:
    return folder / ".candy-digest"


def is_current(folder: Path, digest: str) -> bool:
    stamp = stamp_of(folder)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == digest


def mark(folder: Path, digest: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stamp_of(folder).write_text(digest, encoding="utf-8")


def timed(what: str, *command: str) -> None:
    started = time.monotonic()
    say(f"{what} …")
    npm(*command)
    say(f"{what}: done ({time.monotonic() - started:.1f} s)")
