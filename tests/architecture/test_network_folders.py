"""A network is its folder: nothing else names it, and without it the rest starts and works."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROVIDERS = ROOT / "apps" / "integrations" / "providers"
KEYS = sorted(path.parent.name for path in PROVIDERS.glob("*/provider.py"))
_LOOK = """
import django, json, sys
django.setup()
from apps.integrations import providers
from apps.integrations.providers.table import as_markdown
from apps.integrations.sandbox.asgi import Sandbox
from apps.knisoci.web import present, previews
from apps.agents import networks as written_for
gone = sys.argv[1:]
for key in gone:
    assert present.network(key).name
    assert not providers.is_here(key)
    previews.look(key)
    assert providers.of_row(key).validate(None)[0].level == "error"
print(json.dumps({
    "networks": [one.key for one in providers.all_publishers()],
    "drawn": [one.key for one in present.networks()],
    "simulators": sorted(Sandbox().simulators),
    "lines": as_markdown(providers.all_publishers()).count("\\n| "),
}))
"""


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, relative ones made absolute."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            head = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            module = ".".join(part for part in (head, node.module or "") if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_nobody_imports_a_network() -> None:
    found = []
    for path in sorted((ROOT / "apps").rglob("*.py")) + sorted((ROOT / "config").rglob("*.py")):
        own = path.relative_to(PROVIDERS).parts[0] if PROVIDERS in path.parents else ""
        for module in imports(path):
            for key in KEYS:
                name = f"apps.integrations.providers.{key}"
                if key != own and (module == name or module.startswith(f"{name}.")):
                    found.append(f"{path.relative_to(ROOT)} imports {module}")
    assert found == []
    assert any("providers.x" in one for one in imports(PROVIDERS / "x" / "provider.py"))


def copied(folder: Path, without: list[str]) -> Path:
    """The tree as a newcomer has it, with the folders of `without` deleted."""
    for name in ("apps", "config", "templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manage.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "static").mkdir()
    (folder / "static" / "dist").symlink_to(ROOT / "static" / "dist")
    for key in without:
        shutil.rmtree(folder / "apps" / "integrations" / "providers" / key)
    return folder


def run(folder: Path, *arguments: str) -> str:
    answer = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "without", [["x"], [key for key in KEYS if key != "telegram"]], ids=["one", "all but one"]
)
def test_a_tree_without_a_networks_folder_starts_and_works(
    tmp_path: Path, without: list[str]
) -> None:
    folder = copied(tmp_path, without)
    run(folder, "manage.py", "check", "--fail-level", "ERROR")
    (folder / "look.py").write_text(_LOOK, encoding="utf-8")
    found = json.loads(run(folder, "look.py", *without).splitlines()[-1])
    left = [key for key in KEYS if key not in without]
    assert found["networks"] == found["drawn"] == found["simulators"] == left
    assert found["lines"] >= 6 * (len(left) + 1)
