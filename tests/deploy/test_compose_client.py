"""Where the compose client comes from on a machine that has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import compose
from deploy.local.paths import LocalError


def program(folder: Path, name: str, *, says: str, code: int = 0) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho {says}\nexit {code}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH; `var/` is empty too."""
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("CANDY_VAR", str(tmp_path / "var"))
    return folder


def test_the_machines_own_client_comes_first(bin_folder: Path) -> None:
    program(bin_folder, "docker", says="2.39.1")
    program(bin_folder, "docker-compose", says="v5.0.2")
    assert compose.client() == ["docker", "compose"]


def test_docker_without_its_plugin_is_passed_over(bin_folder: Path) -> None:
    program(bin_folder, "docker", says="unknown", code=1)
    program(bin_folder, "docker-compose", says="v5.0.2")
    assert compose.client() == ["docker-compose"]


def test_the_first_version_does_not_count(
    bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(bin_folder, "docker-compose", says="1.29.2")
    monkeypatch.setattr(compose, "from_pypi", lambda: Path("/fetched"))
    assert compose.client() == ["/fetched"]


def test_a_machine_that_can_have_none_is_told_so(
    bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose.platform, "machine", lambda: "riscv64")
    with pytest.raises(LocalError, match="Install Docker's compose plugin"):
        compose.client()
