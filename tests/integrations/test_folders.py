"""A network is its folder: none leans on another's, so that deleting one takes nothing else along."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from apps.integrations import providers

HERE = Path(providers.__file__).parent
NETWORKS = {path.parent.name for path in HERE.glob("*/provider.py")}


def imported(path: Path) -> set[str]:
    """Folders beside this one that a file imports from."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 2:
            found.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.module:
            _, marker, rest = node.module.partition("integrations.providers.")
            found.add(rest.partition(".")[0] if marker else "")
    return found


@pytest.mark.parametrize("folder", sorted(path.name for path in HERE.iterdir() if path.is_dir()))
def test_no_network_imports_another(folder: str) -> None:
    for path in (HERE / folder).rglob("*.py"):
        others = imported(path) & (NETWORKS - {folder})
        assert not others, f"{path.relative_to(HERE)} imports {', '.join(others)}"


def test_what_networks_share_is_no_network_itself() -> None:
    assert {"facebook", "instagram", "threads"} <= NETWORKS
    assert "meta" not in NETWORKS
    assert not (HERE / "meta" / "simulator.py").exists(), "the sandbox would serve it as a network"
