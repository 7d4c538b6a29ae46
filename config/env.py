"""Reading settings from the environment, refusing nonsense.

Order: real environment, then ``.env``, then ``var/runtime.env`` (written by the local supervisor so
that ``manage.py`` by hand finds the servers that are running). Any name may be given as ``NAME_FILE``
instead, holding the path of a file with the value, as container secrets are.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def var_dir() -> Path:
    """Folder for everything this installation writes on a single machine."""
    return Path(os.environ.get("CANDY_VAR") or BASE_DIR / "var")


def load_env_files(*paths: Path) -> None:
    """Put ``NAME=value`` lines of ``paths`` into the environment; what is set already wins."""
    for path in paths:
        if not path.is_file():
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            name, sep, value = line.strip().removeprefix("export ").partition("=")
            if sep and name and not name.startswith("#"):
                os.environ.setdefault(name.strip(), value.strip().strip("'\""))


def env_str(name: str, default: str | None = None) -> str:
    """Text of ``name``; without a default a missing value is an error that names it."""
    file_name = os.environ.get(f"{name}_FILE")
    if file_name:
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE={file_name} cannot be read: {error}"
            ) from error
    value = os.environ.get(name)
    if value is None or value == "":
        if default is None:
            raise ImproperlyConfigured(f"Set {name} (or {name}_FILE) in the environment.")
        return default
    return value


def env_bool(name: str, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no.")


def env_int(name: str, default: int, *, minimum: int | None = None) -> int:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    try:
        number = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from error
    if minimum is not None and number < minimum:
        raise ImproperlyConfigured(f"{name}={number} is below {minimum}.")
    return number


def env_float(name: str, default: float, *, minimum: float, maximum: float) -> float:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    try:
        number = float(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a number.") from error
    if not minimum <= number <= maximum:
        raise ImproperlyConfigured(f"{name}={value} is not between {minimum:g} and {maximum:g}.")
    return number


def env_choice(name: str, choices: tuple[str, ...], default: str) -> str:
    """One of ``choices``, in any case."""
    value = os.environ.get(name) or default
    for choice in choices:
        if value.lower() == choice.lower():
            return choice
    raise ImproperlyConfigured(f"{name}={value!r} is none of {', '.join(choices)}.")


def env_list(name: str, default: list[str] | None = None) -> list[str]:
    value = os.environ.get(name)
    if value is None:
        return list(default or [])
    return [part.strip() for part in value.split(",") if part.strip()]


def database_from_url(url: str) -> dict[str, object]:
    """Django ``DATABASES`` entry of a ``postgresql://user:password@host:port/name?option=value`` URL.

    A ``host`` in the query wins over the one in the address: that is how a unix socket is named.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", parts.hostname or "")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database.")
    return {
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def env_json_by_suffix(prefix: str) -> dict[str, dict[str, str]]:
    """JSON objects of all names that begin with ``prefix``, by the rest of the name in lower case."""
    found: dict[str, dict[str, str]] = {}
    for name in os.environ:
        if not name.startswith(prefix):
            continue
        plain = name.removesuffix("_FILE")
        try:
            value = json.loads(env_str(plain, "{}"))
        except ValueError as error:
            raise ImproperlyConfigured(f"{plain} is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise ImproperlyConfigured(f"{plain} has to be a JSON object.")
        found[plain.removeprefix(prefix).lower()] = {k: str(v) for k, v in value.items()}
    return found
