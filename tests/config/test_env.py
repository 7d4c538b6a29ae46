"""Settings from the environment: what is nonsense stops the start, by its name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env


@pytest.mark.parametrize("value", ["1", "true", "YES", "on"])
def test_yes_in_its_usual_spellings(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CANDY_X", value)
    assert env.env_bool("CANDY_X", False) is True


@pytest.mark.parametrize("value", ["0", "False", "no", "OFF", ""])
def test_no_in_its_usual_spellings(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CANDY_X", value)
    assert env.env_bool("CANDY_X", True) is False


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda: env.env_bool("CANDY_X", False), "maybe"),
        (lambda: env.env_int("CANDY_X", 1), "many"),
        (lambda: env.env_int("CANDY_X", 1, minimum=0), "-3"),
        (lambda: env.env_float("CANDY_X", 0.1, minimum=0, maximum=1), "half"),
        (lambda: env.env_float("CANDY_X", 0.1, minimum=0, maximum=1), "1.5"),
        (lambda: env.env_choice("CANDY_X", ("json", "text"), "json"), "xml"),
    ],
)
def test_nonsense_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, read: object, value: str
) -> None:
    monkeypatch.setenv("CANDY_X", value)
    with pytest.raises(ImproperlyConfigured, match="CANDY_X"):
        read()  # type: ignore[operator]


def test_a_missing_value_without_default_names_both_spellings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CANDY_X", raising=False)
    with pytest.raises(ImproperlyConfigured, match=r"CANDY_X \(or CANDY_X_FILE\)"):
        env.env_str("CANDY_X")


def test_a_file_holds_the_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv("CANDY_X_FILE", str(tmp_path / "secret"))
    assert env.env_str("CANDY_X") == "from a file"


def test_a_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDY_X_FILE", "/nowhere/secret")
    with pytest.raises(ImproperlyConfigured, match="CANDY_X_FILE=/nowhere/secret"):
        env.env_str("CANDY_X")


def test_env_files_fill_gaps_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CANDY_SET", "real")
    monkeypatch.setenv("CANDY_GAP", "gone")
    monkeypatch.delenv("CANDY_GAP")
    file = tmp_path / ".env"
    file.write_text("# a comment\nexport CANDY_SET=file\nCANDY_GAP='from file'\nnot a line\n")
    env.load_env_files(file, tmp_path / "missing")
    assert env.env_str("CANDY_SET") == "real"
    assert env.env_str("CANDY_GAP") == "from file"
    monkeypatch.delenv("CANDY_GAP")


def test_database_urls_name_a_socket_or_an_address() -> None:
    socket = env.database_from_url("postgresql://candy@/candy?host=/run/postgresql")
    assert (socket["HOST"], socket["NAME"], socket["USER"]) == ("/run/postgresql", "candy", "candy")
    remote = env.database_from_url("postgres://u:p%40ss@db.example:6432/x?sslmode=require")
    assert remote["PASSWORD"] == "p@ss"
    assert remote["PORT"] == "6432"
    assert remote["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql://host/", "candy"])
def test_other_database_urls_are_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        env.database_from_url(url)


def test_a_local_start_may_reach_its_own_sandbox_and_nothing_else_that_is_private() -> None:
    """`make demo` works from a clean clone, where nobody has started anything before."""
    script = (
        "from django.conf import settings; from apps.integrations.http import allowed;"
        "print(sorted(allowed()))"
    )
    known = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.local"}
    for name in ("CANDY_OUTBOUND_ALLOW", "CANDY_SANDBOX_URL"):
        known.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=env.BASE_DIR,
        env=known | {"CANDY_SANDBOX_URL": "http://127.0.0.1:8075"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[('127.0.0.1', 8075)]"
