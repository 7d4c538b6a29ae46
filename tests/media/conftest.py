"""What tests of the media library share: files in a folder of their own, a workspace, a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.media.models import Asset
from apps.media.services import assets
from apps.workspaces.types import Actor
from tests.api.conftest import _fresh_rates, api_for  # noqa: F401  fixtures
from tests.media import samples


@pytest.fixture(autouse=True)
def _files_in_a_folder_of_their_own(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def actor(in_workspace: Any) -> Actor:
    return Actor.system(in_workspace)


@pytest.fixture
def work() -> Callable[..., None]:
    """Clock and worker in this process until nothing is due; for tests that commit."""
    from apps.workspaces.tenancy import public_context
    from tests.orchestrator.conftest import run_until_idle

    def run(seconds: float = 30) -> None:
        with public_context():
            run_until_idle(seconds)

    return run


@pytest.fixture
def keep(actor: Actor) -> Callable[..., Asset]:
    """Uploads a sample at once."""

    def upload(data: bytes, name: str = "file", **details: Any) -> Asset:
        return assets.upload(actor=actor, file=data, name=name, **details)[0]

    return upload


@pytest.fixture
def clip(keep: Callable[..., Asset]) -> Asset:
    return keep(samples.video(), "clip.mp4")


def stored_files(folder: Any) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
