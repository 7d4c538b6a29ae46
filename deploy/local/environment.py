"""What every program of a local start is told: servers, keys, addresses, ports that are free."""

from __future__ import annotations

import os
import socket

from deploy.local.paths import VENV_BIN, LocalError, colour_wanted, paint, say, var_dir

# Celery says it at length in every worker; here a person chose to be root.
ROOT_WARNING = "ignore:You're running the worker with superuser privileges"


def child_env(server_env: dict[str, str]) -> dict[str, str]:
    """Environment of every program: servers, keys, ports that are free, addresses."""
    host = os.environ.get("HOST") or "127.0.0.1"
    port = next_free_port(host, number("PORT", 8000), "Candy")
    sandbox = next_free_port(host, number("SANDBOX_PORT", 8070), "the sandbox networks")
    shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::"} else host  # noqa: S104
    allowed = os.environ.get("CANDY_OUTBOUND_ALLOW", "")
    private = [part for part in allowed.split(",") if part]
    private += [f"127.0.0.1:{sandbox}", f"localhost:{sandbox}"]
    defaults = {
        "CANDY_VAR": str(var_dir()),
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "CANDY_PUBLIC_URL": f"http://{shown}:{port}",
        "CANDY_SANDBOX_URL": f"http://127.0.0.1:{sandbox}",
        "OMP_NUM_THREADS": "1",  # numeric libraries would start a thread a core in every process
        "PYTHONUNBUFFERED": "1",
    }
    return {
        **defaults,
        **os.environ,
        **server_env,
        "HOST": host,
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox),
        "CANDY_OUTBOUND_ALLOW": ",".join(private),
        "PATH": os.pathsep.join([str(VENV_BIN), os.environ.get("PATH", "")]),
        **({"FORCE_COLOR": "1"} if colour_wanted() else {}),
        **({"PYTHONWARNINGS": ROOT_WARNING} if os.geteuid() == 0 else {}),
    }


def number(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise LocalError(f"{name}={value!r} is not the number of a port.")
    return int(value)


def next_free_port(host: str, wanted: int, what: str) -> int:
    """``wanted`` or the next port that nobody listens on; says so when it is another."""
    for port in range(wanted, min(wanted + 100, 65536)):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
        if port != wanted:
            say(paint(f"port {wanted} is in use; {what} takes {port}", "33"))
        return port
    raise LocalError(f"No free port from {wanted} on; set PORT or SANDBOX_PORT.")


RUNTIME_NAMES = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY_FILE",
    "CANDY_MASTER_KEY_FILE",
    "CANDY_PUBLIC_URL",
    "CANDY_SANDBOX_URL",
    "CANDY_OUTBOUND_ALLOW",
)


def write_runtime_env(env: dict[str, str]) -> None:
    """Leave the addresses where config/env.py finds them, for ``manage.py`` by hand."""
    path = var_dir() / "runtime.env"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={env[name]}\n" for name in RUNTIME_NAMES if env.get(name))


def read_runtime_env() -> dict[str, str]:
    try:
        lines = (var_dir() / "runtime.env").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)
