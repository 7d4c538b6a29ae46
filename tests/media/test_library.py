"""Finding, moving, tagging, deleting and restoring many files; who uses them; how much room they take."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.errors import PermissionDenied
from apps.media import queries, usage
from apps.media.errors import AlreadyThere, AssetNotFound, BadDetails
from apps.media.models import Asset, Rendition
from apps.media.services import assets, details, library, renditions
from apps.media.types import SHOWN
from apps.media.usage import Use
from apps.orchestrator import services as orchestrator
from apps.orchestrator.models import Event
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor
from tests.media import samples
from tests.media.conftest import stored_files

BASELINES = Path(__file__).parent / "query_counts.json"


@pytest.fixture
def three(keep: Callable[..., Asset]) -> list[Asset]:
    return [
        keep(samples.picture(color="red"), "Roses.jpg", folder="Spring/Flowers", tags=["red"]),
        keep(samples.picture(color="blue"), "Sea.jpg", folder="Spring", alt_text="Waves at noon"),
        keep(samples.pdf(), "Plan 2026.pdf", tags=["office", "red"]),
    ]


def names(**filters: Any) -> list[str]:
    return [row.name for row in queries.assets(**filters)]


def test_files_are_found_by_words_folder_tag_and_kind(three: list[Asset]) -> None:
    assert names() == ["Plan 2026.pdf", "Sea.jpg", "Roses.jpg"]
    assert names(search="plan 20") == ["Plan 2026.pdf"]
    assert names(search="waves") == ["Sea.jpg"]
    assert names(search="flowers red") == ["Roses.jpg"]
    assert names(search="roses nothing") == []
    assert names(search="\x00") == names()
    assert names(folder="Spring") == ["Sea.jpg"]
    assert names(folder="/Spring/", is_deep=True) == ["Sea.jpg", "Roses.jpg"]
    assert names(folder="") == ["Plan 2026.pdf"]
    assert names(folder="Spr", is_deep=True) == []
    assert names(tag="RED") == ["Plan 2026.pdf", "Roses.jpg"]
    assert names(kind="document") == ["Plan 2026.pdf"]
    assert names(before=three[1].pk) == ["Roses.jpg"]
    assert queries.folders() == [("Spring", 1), ("Spring/Flowers", 1)]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/Spring//May/", "Spring/May"),
        ("../../etc", "etc"),
        ("  A  B / C ", "A B/C"),
        ("a\\b", "a/b"),
        (".", ""),
    ],
)
def test_a_folder_is_a_tidy_path(given: str, kept: str) -> None:
    assert details.check(folder=given) == {"folder": kept}


@pytest.mark.parametrize("folder", ["x" * 121, "a/b/c/d/e/f/g"])
def test_a_folder_has_limits(actor: Actor, folder: str) -> None:
    with pytest.raises(BadDetails):
        library.move(actor=actor, ids=[], folder=folder)


def test_many_are_moved_tagged_deleted_and_restored_at_once(
    three: list[Asset], actor: Actor
) -> None:
    ids = [row.pk for row in three]
    assert library.move(actor=actor, ids=ids, folder="Spring") == 2
    assert library.tag(actor=actor, ids=ids, add=["New"], remove=["red"]) == 3
    assert {tuple(row.tags) for row in queries.assets()} == {("new",), ("new", "office")}
    assert library.tag(actor=actor, ids=ids, add=["new"]) == 0
    assert library.delete(actor=actor, ids=ids[:2]) == 2
    assert (names(), sorted(names(in_trash=True))) == (["Plan 2026.pdf"], ["Roses.jpg", "Sea.jpg"])
    assert library.restore(actor=actor, ids=ids) == 2
    assert len(names()) == 3
    told = Event.objects.filter(kind__startswith="assets.").order_by("sequence")
    assert [event.kind for event in told] == [
        "assets.moved",
        "assets.tagged",
        "assets.deleted",
        "assets.restored",
    ]
    assert told[0].summary == "Moved 2 files to Spring"


def test_a_file_that_came_back_another_way_is_not_restored_twice(
    keep: Callable[..., Asset], actor: Actor
) -> None:
    first = keep(samples.picture())
    assets.delete(actor=actor, asset=first)
    keep(samples.picture())
    with pytest.raises(AlreadyThere):
        assets.restore(actor=actor, asset=first)
    assert library.restore(actor=actor, ids=[first.pk]) == 0
    with pytest.raises(AssetNotFound):
        assets.restore(actor=actor, asset=UUID(int=1))


@pytest.fixture
def used() -> Iterator[dict[UUID, list[Use]]]:
    """What an app on a higher floor says."""
    uses: dict[UUID, list[Use]] = {}

    def find(ids: Any) -> dict[UUID, list[Use]]:
        return {one: uses[one] for one in ids if one in uses}

    usage.register(find)
    usage.register(find)
    yield uses
    usage.forget(find)


def test_what_is_used_says_by_what_and_is_never_removed(
    three: list[Asset], actor: Actor, used: dict[UUID, list[Use]], settings: Any
) -> None:
    red, blue = three[0], three[1]
    used[red.pk] = [Use("post", "7", "Spring sale", "/w/acme/posts/7")]
    assert [use.title for use in usage.of([red.pk, blue.pk])[red.pk]] == ["Spring sale"]
    assert usage.of([blue.pk]) == {blue.pk: []}
    shared = renditions.image(asset=blue, spec=SHOWN["card"])
    library.delete(actor=actor, ids=[red.pk, blue.pk])
    assert library.empty_trash(actor=actor) == 0  # not long enough in it
    Asset.objects.filter(pk__in=[red.pk, blue.pk]).update(
        deleted_at=timezone.now() - timedelta(days=31)
    )
    before = stored_files(settings.MEDIA_ROOT)
    assert library.empty_trash(actor=actor) == 1
    assert list(Asset.objects.values_list("name", flat=True)) == ["Plan 2026.pdf", "Roses.jpg"]
    gone = set(before) - set(stored_files(settings.MEDIA_ROOT))
    assert gone == {blue.original, blue.master, shared.file}
    assert library.purge(actor=actor, ids=[three[2].pk]) == 0  # not in the trash


def test_a_file_that_two_share_stays_while_one_is_there(
    keep: Callable[..., Asset], actor: Actor, settings: Any
) -> None:
    asset = keep(samples.picture("PNG"))
    other = keep(samples.picture("PNG", compress_level=1))
    spec = SHOWN["card"]
    first, second = (renditions.image(asset=one, spec=spec) for one in (asset, other))
    assert first.file == second.file
    library.delete(actor=actor, ids=[asset.pk])
    assert library.purge(actor=actor, ids=[asset.pk]) == 1
    assert assets.read(Rendition.objects.get()) == assets.read(second)


def test_the_room_that_is_used_is_counted(three: list[Asset], actor: Actor) -> None:
    made = renditions.image(asset=three[0], spec=SHOWN["card"])
    library.delete(actor=actor, ids=[three[1].pk])
    found = queries.storage_used()
    assert found.originals == sum(row.original_size for row in three)
    assert found.derived == three[0].size + three[1].size + made.size
    assert found.trash == three[1].original_size
    assert found.total == found.originals + found.derived


def test_who_may_not_changes_nothing(
    three: list[Asset], viewer: Any, actor_for: Any, in_workspace: Any
) -> None:
    they, ids = actor_for(viewer, in_workspace), [row.pk for row in three]
    for attempt in (
        lambda: library.move(actor=they, ids=ids, folder="x"),
        lambda: library.tag(actor=they, ids=ids, add=["x"]),
        lambda: library.delete(actor=they, ids=ids),
        lambda: library.restore(actor=they, ids=ids),
        lambda: library.purge(actor=they, ids=ids),
        lambda: assets.pick_cover(actor=they, asset=ids[0], milliseconds=0),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
    assert len(names()) == 3
    assert not Event.objects.filter(kind__startswith="assets.").exists()


def test_actions_do_the_same(three: list[Asset], actor: Actor) -> None:
    ids = [str(row.pk) for row in three]

    def run(action: str, **input: Any) -> Any:
        return orchestrator.run(action=action, actor=actor, input=input)

    assert run("media.move_assets", ids=ids, folder="A").changed == 3
    assert run("media.tag_assets", ids=ids, add=["b"]).changed == 3
    assert run("media.delete_assets", ids=ids[:1]).changed == 1
    assert run("media.restore_asset", asset=ids[0]).name == "Roses.jpg"
    assert run("media.set_focus", asset=ids[0], focus={"x": 0.2, "y": 0.3}).id == three[0].pk
    run("media.delete_asset", asset=ids[0])
    assert run("media.purge_assets", ids=ids).changed == 1
    tidied = run("media.clean_up")
    assert (tidied.uploads_expired, tidied.assets_removed) == (0, 0)


def test_lists_cost_what_they_did(
    three: list[Asset], api_for: Any, contributor: Any, viewer: Any
) -> None:
    """The counts stand in query_counts.json and do not grow with the rows."""
    api, counts = api_for(contributor), {}
    upload = api.post("uploads", {"name": "a.jpg", "size": 9}).json()["id"]
    api.post("uploads", {"name": "b.jpg", "size": 9})
    reading = api_for(viewer)
    paths = ["assets", "uploads", "uploads/{upload}", "library"]
    paths += ["assets/{asset}", "assets/{asset}/usage", "assets/{asset}/captions"]
    reading.get("assets")  # whatever is looked up once for each process
    for path in paths:
        address = path.format(upload=upload, asset=three[0].pk)
        with CaptureQueriesContext(connection) as seen:
            assert reading.get(address).status_code == 200, path
        counts[path] = len([q for q in seen.captured_queries if "search_path" not in q["sql"]])
    assert counts == json.loads(BASELINES.read_text())


def test_the_library_by_rest(
    three: list[Asset],
    api_for: Any,
    contributor: Any,
    viewer: Any,
    used: dict[UUID, list[Use]],
    workspace: Any,
) -> None:
    api, red = api_for(contributor), three[0]
    used[red.pk] = [Use("post", "7", "Spring sale", state="scheduled")]
    found = api.get("assets?folder=Spring&deep=true&kind=image").json()["data"]
    assert [row["name"] for row in found] == ["Sea.jpg", "Roses.jpg"]
    uses = api_for(viewer).get(f"assets/{red.pk}/usage").json()["data"]
    assert [(use["title"], use["is_open"]) for use in uses] == [("Spring sale", True)]
    crop = api.get(f"assets/{red.pk}/crop?ratio=1").json()
    assert crop["width"] == pytest.approx(0.75)
    assert api.get(f"assets/{red.pk}/crop?ratio=0").status_code == 422
    changed = api.patch(f"assets/{red.pk}", {"focus": {"x": 0, "y": 0}}).json()
    assert changed["focus"] == {"x": 0, "y": 0}
    assert api.get(f"assets/{red.pk}/crop?ratio=1").json()["x"] == 0
    assert api_for(viewer).patch(f"assets/{red.pk}", {"focus": None}).status_code == 403
    assert api.delete(f"assets/{red.pk}").status_code == 204
    assert [row["name"] for row in api.get("assets?trash=true").json()["data"]] == ["Roses.jpg"]
    assert api.post(f"assets/{red.pk}/restore").json()["deleted_at"] is None
    whole = api.get("library").json()
    assert whole["folders"] == [
        {"path": "Spring", "assets": 1},
        {"path": "Spring/Flowers", "assets": 1},
    ]
    assert (whole["tags"], whole["allowed"]) == (["office", "red"], None)
    with workspace_context(workspace):
        assert whole["used"] == queries.storage_used().total
    paper = api.get(f"assets/{three[2].pk}").json()
    assert (paper["kind"], paper["pages"], list(paper["urls"])) == ("document", 2, ["download"])
