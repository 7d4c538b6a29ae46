"""Faces (pages, REST, sockets, admin) parse, authorise, call and present: services write.

Found in the source: a writing verb is called on nothing but a module of ``services``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERBS = frozenset(
    [
        *["save", "create", "delete", "update", "get_or_create", "update_or_create"],
        *["bulk_create", "bulk_update", "raw", "execute", "executemany"],
        *["asave", "acreate", "adelete", "aupdate", "aget_or_create", "aupdate_or_create"],
        *["abulk_create", "abulk_update"],
    ]
)
# Each with its reason. A new line here is a decision for a review.
EXCEPTIONS = {
    # The ledger of answers belongs to REST itself: no other face has repeated requests to remember.
    "apps/orchestrator/api/idempotency.py": {"create", "update", "delete"},
    "apps/workspaces/api/idempotency.py": {"update"},  # of a checksum
}


def faces() -> list[Path]:
    found = [path for folder in ("web", "api") for path in ROOT.glob(f"apps/*/{folder}/**/*.py")]
    for name in ("consumers.py", "admin.py"):
        found += ROOT.glob(f"apps/*/**/{name}")
    return sorted(set(found))


def writes(source: str) -> Iterator[tuple[int, str, str]]:
    """Line, verb and text of each call of a writing verb on something else than a service."""
    tree = ast.parse(source)
    services = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and _is_services(node)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        receiver, verb = node.func.value, node.func.attr
        is_service = isinstance(receiver, ast.Name) and receiver.id in services
        if verb in VERBS and not is_service:
            yield node.lineno, verb, ast.unparse(node.func)


def _is_services(node: ast.ImportFrom) -> bool:
    """``from apps.x.services import posts``, and ``from apps.x import services``."""
    module = (node.module or "").split(".")
    return "services" in module or any(alias.name == "services" for alias in node.names)


def test_no_face_writes_through_models() -> None:
    found = []
    for path in faces():
        name = path.relative_to(ROOT).as_posix()
        found += [
            f"{name}:{line} {text}"
            for line, verb, text in writes(path.read_text(encoding="utf-8"))
            if verb not in EXCEPTIONS.get(name, ())
        ]
    assert found == [], "Move it into a service: a face parses, authorises, calls and presents."


def test_every_exception_is_still_needed() -> None:
    for name, verbs in EXCEPTIONS.items():
        used = {verb for _, verb, _ in writes((ROOT / name).read_text(encoding="utf-8"))}
        assert verbs <= used, f"{name} no longer calls {sorted(verbs - used)}"


def test_all_faces_are_looked_at() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in faces()}
    assert {
        "apps/knisoci/web/posts.py",
        "apps/knisoci/api/views.py",
        "apps/studio/web/views/projects.py",
        "apps/orchestrator/consumers.py",
        "apps/workspaces/admin.py",
    } <= names


@pytest.mark.parametrize(
    ("line", "is_write"),
    [
        ("post.save()", True),
        ("form.save()", True),
        ("Post.objects.create(title='x')", True),
        ("Post.objects.filter(pk=1).update(title='x')", True),
        ("await Post.objects.acreate(title='x')", True),
        ("cursor.execute('DELETE FROM knisoci_post')", True),
        ("posts.create(actor=actor)", False),
        ("services.posts.delete", False),
        ("Post.objects.filter(pk=1).first()", False),
    ],
)
def test_what_counts_as_a_write(line: str, is_write: bool) -> None:
    head = "from apps.knisoci.services import posts\nfrom apps.knisoci import services\n"
    body = f"{head}async def view():\n    {line}\n"
    assert bool(list(writes(body))) is is_write
