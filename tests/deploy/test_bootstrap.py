"""The folder is filled once: nothing is installed or built while its inputs stay the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.local import assets, bootstrap
from deploy.local.paths import LocalError


@pytest.fixture
def installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Locks that were installed, in a project with two small ones."""
    done: list[str] = []
    for name in bootstrap.LOCKS:
        (tmp_path / f"{name}.txt").write_text(f"{name}==1")
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", tmp_path)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(bootstrap, "ensure_environment", lambda: None)
    monkeypatch.setattr(bootstrap, "install", lambda lock: done.append(lock.stem))
    return done


def test_a_lock_is_installed_once(installs: list[str]) -> None:
    bootstrap.ensure_packages("local")
    bootstrap.ensure_packages("local")
    assert installs == ["local"]


def test_a_changed_lock_is_installed_again(installs: list[str], tmp_path: Path) -> None:
    bootstrap.ensure_packages("local")
    (tmp_path / "local.txt").write_text("local==2")
    bootstrap.ensure_packages("local")
    assert installs == ["local", "local"]


def test_locks_do_not_undo_each_other_while_they_agree(installs: list[str]) -> None:
    for name in ("local", "test", "local", "test"):
        bootstrap.ensure_packages(name)
    assert installs == ["local", "test"]


def test_going_back_to_an_older_lock_is_noticed(installs: list[str], tmp_path: Path) -> None:
    bootstrap.ensure_packages("test")
    (tmp_path / "local.txt").write_text("local==0")
    (tmp_path / "test.txt").write_text("test==0")
    bootstrap.ensure_packages("local")  # writes older packages over the test lock's
    (tmp_path / "test.txt").write_text("test==1")
    bootstrap.ensure_packages("test")
    assert installs == ["test", "local", "test"]


def test_a_broken_stamp_means_install(installs: list[str], tmp_path: Path) -> None:
    (tmp_path / "stamp.json").write_text("{half a")
    bootstrap.ensure_packages("local")
    assert installs == ["local"]
    assert json.loads((tmp_path / "stamp.json").read_text())


def test_pips_configuration_is_told_to_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = (
        ":env:.cert='/env/ca.pem'\nglobal.cert='/file/ca.pem'\n"
        "global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'\n"
        "global.index-url='https://mirror.example/simple'\nglobal.broken=\nnot a line\n"
    )
    options = bootstrap.parse_pip_config(listed)
    assert options["cert"] == "/env/ca.pem", "the environment wins over the file"

    class Listed:
        stdout = listed

    for name in bootstrap.UV_NAMES.values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://own.example/simple")
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *_, **__: Listed)
    env = bootstrap.uv_environment()
    assert env["UV_DEFAULT_INDEX"] == "https://own.example/simple", "uv's own setting wins"
    assert env["UV_INDEX"] == "https://a.example/simple https://b.example/simple"
    assert env["SSL_CERT_FILE"] == "/env/ca.pem"


def test_every_lock_is_hashed_and_names_no_index() -> None:
    for lock in Path(bootstrap.ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        packages = [line for line in text.splitlines() if line[:1].isalnum()]
        assert packages, lock
        assert text.count("--hash=sha256:") >= len(packages), lock
        said = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
        assert not [line for line in said if "index-url" in line or "://" in line], lock


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """npm commands that ran, in a project with one source and one template."""
    done: list[str] = []
    static = tmp_path / "static"
    (static / "src").mkdir(parents=True)
    (static / "src" / "main.ts").write_text("export {}")
    (static / "package.json").write_text("{}")
    (static / "package-lock.json").write_text("{}")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text('<p class="p-4">')
    monkeypatch.setattr(assets, "ROOT", tmp_path)
    monkeypatch.setattr(assets, "STATIC", static)
    monkeypatch.setattr(assets, "DIST", static / "dist")
    monkeypatch.setattr(assets, "npm", lambda *command: done.append(command[0]))
    return done


def test_assets_are_built_once(builds: list[str]) -> None:
    assets.ensure_built()
    assets.ensure_built()
    assert builds == ["ci", "run"]


@pytest.mark.parametrize("changed", ["static/src/main.ts", "templates/page.html"])
def test_a_changed_source_or_template_builds_again_without_installing(
    builds: list[str], tmp_path: Path, changed: str
) -> None:
    assets.ensure_built()
    (tmp_path / changed).write_text("changed")
    assets.ensure_built()
    assert builds == ["ci", "run", "run"]


def test_a_changed_npm_lock_installs_and_builds_again(builds: list[str], tmp_path: Path) -> None:
    assets.ensure_built()
    (tmp_path / "static" / "package-lock.json").write_text('{"changed": 1}')
    assets.ensure_built()
    assert builds == ["ci", "run", "ci", "run"]


def test_a_build_that_failed_is_tried_again(
    builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*command: str) -> None:
        builds.append(command[0])
        if command[0] == "run":
            raise LocalError("no")

    monkeypatch.setattr(assets, "npm", fail)
    for _ in range(2):
        with pytest.raises(LocalError):
            assets.ensure_built()
    assert builds == ["ci", "run", "run"]
