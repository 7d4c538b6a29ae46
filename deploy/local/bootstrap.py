"""Fill the project's folder: environment, hashed packages, Node packages, built assets.

``python3 -m deploy.local.bootstrap local|test``. Each step keeps a digest of what it was made from
and is skipped while that has not changed, so the second start costs milliseconds. Runs on any
Python 3.11+ without third-party packages. Registries, mirrors, proxies and certificates are the
machine's own pip, uv and npm configuration: nothing is named here.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from deploy.local import assets
from deploy.local.paths import ROOT, VENV, VENV_BIN, VENV_PYTHON, LocalError, say

REQUIREMENTS = ROOT / "requirements"
STAMP = VENV / ".candy-packages.json"
LOCKS = ("local", "test")

# What pip calls a setting, and the variable that tells uv the same.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "proxy": "HTTPS_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}


def main(argv: list[str]) -> int:
    """Prepare everything for ``argv[0]`` (``local`` or ``test``); 1 with a message on failure."""
    wanted = argv[0] if argv else "local"
    if wanted not in LOCKS:
        print(f"usage: python -m deploy.local.bootstrap {'|'.join(LOCKS)}", file=sys.stderr)
        return 2
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # two makes at once take turns
        ensure_packages(wanted)
        assets.ensure_built()
    except LocalError as error:
        say(str(error))
        return 1
    finally:
        os.close(folder)
    return 0


def ensure_packages(wanted: str) -> None:
    """Create ``.venv`` where it is missing and install the hashed lock ``wanted`` into it."""
    ensure_environment()
    stamp = read_stamp()
    digests = {name: lock_digest(name) for name in LOCKS}
    if stamp.get(wanted) == digests[wanted]:
        return
    started = time.monotonic()
    say(f"installing Python packages ({wanted}) …")
    install(REQUIREMENTS / f"{wanted}.txt")
    # Another lock's stamp stays true only while it still describes the same files.
    kept = {name: digest for name, digest in stamp.items() if digests.get(name) == digest}
    STAMP.write_text(json.dumps({**kept, wanted: digests[wanted]}), encoding="utf-8")
    say(f"Python packages are in place ({time.monotonic() - started:.1f} s)")


def ensure_environment() -> None:
    if VENV_PYTHON.exists():
        return
    if VENV.is_symlink() and not VENV.exists():
        raise LocalError(f"{VENV} is a link to nothing; remove it and start again.")
    say(f"creating {VENV.name} with Python {sys.version.split()[0]} …")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode == 0:
        return
    # Debian ships Python without ensurepip: make the environment bare, and use the outer pip.
    shutil.rmtree(VENV, ignore_errors=True)
    bare = subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(VENV)], capture_output=True, text=True
    )
    if bare.returncode or not outer_pip_works():
        shutil.rmtree(VENV, ignore_errors=True)
        raise LocalError(
            "Python cannot create an environment here: "
            f"{(made.stderr or made.stdout).strip().splitlines()[-1:]}. "
            "Install the venv module of your Python (Debian and Ubuntu: python3-venv)."
        )


def outer_pip_works() -> bool:
    return (
        subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode
        == 0
    )


def pip_command() -> list[str]:
    """The environment's own pip, or the outer one pointed at the environment."""
    if any(VENV.glob("lib/python3*/site-packages/pip")):
        return [str(VENV_PYTHON), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(VENV_PYTHON)]


def install(lock: Path) -> None:
    """Install ``lock`` with uv, or with pip itself where uv cannot reach what pip can."""
    uv = VENV_BIN / "uv"
    if not uv.exists():
        run(
            [
                *pip_command(),
                "install",
                "-q",
                "--require-hashes",
                "-r",
                REQUIREMENTS / "bootstrap.txt",
            ]
        )
    # Compiled once here rather than by each of the first programs: a second of every start.
    with_uv = [
        str(uv), "pip", "install", "-q", "--python", str(VENV_PYTHON),
        "--require-hashes", "-r", str(lock),
    ]  # fmt: skip
    if sys.dont_write_bytecode:  # then Python would compile every package again in every process
        with_uv.append("--compile-bytecode")
    done = subprocess.run(with_uv, env=uv_environment(), capture_output=True, text=True)
    if done.returncode == 0:
        return
    say("uv could not install the lock; trying pip itself. uv said:")
    print(done.stderr.strip()[-2000:], flush=True)
    run([*pip_command(), "install", "-q", "--require-hashes", "-r", lock])


def uv_environment() -> dict[str, str]:
    """The environment for uv, with this machine's pip configuration told in uv's words.

    uv does not read pip's files. What its own variables say already wins. The lock's hashes make it
    safe to look at every index for the best match, as pip does.
    """
    env = dict(os.environ)
    listed = subprocess.run([*pip_command(), "config", "list"], capture_output=True, text=True)
    for option, value in parse_pip_config(listed.stdout).items():
        name = UV_NAMES.get(option)
        if name and not env.get(name):
            env[name] = " ".join(value.split())
    env.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return env


def parse_pip_config(text: str) -> dict[str, str]:
    """Options of ``pip config list``; the environment's win over the files'."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, sep, quoted = line.partition("=")
        if not sep:
            continue
        try:
            value = str(ast.literal_eval(quoted))
        except (ValueError, SyntaxError):
            continue
        option = key.rsplit(".", 1)[-1]
        if key.startswith(":env:") or option not in found:
            found[option] = value
    return found


def run(command: list[str | Path]) -> None:
    done = subprocess.run([str(part) for part in command])
    if done.returncode:
        raise LocalError(f"{' '.join(map(str, command[:4]))} … failed; see above.")


def lock_digest(name: str) -> str:
    digest = hashlib.sha256((REQUIREMENTS / f"{name}.txt").read_bytes())
    digest.update(str(VENV.resolve()).encode())
    return digest.hexdigest()


def read_stamp() -> dict[str, str]:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
