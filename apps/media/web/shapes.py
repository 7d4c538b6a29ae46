"""How networks would cut a picture: for the previews beside it and the box that people draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.integrations import providers
from apps.media import framing
from apps.media.models import Asset
from apps.media.types import Box, RenditionSpec
from apps.workspaces.tenancy import reverse

# Shapes worth looking at whatever is connected.
COMMON = ((1.0, "Square"), (0.8, "4:5"), (9 / 16, "9:16"), (16 / 9, "16:9"))


@dataclass(frozen=True, slots=True)
class Cut:
    """What is left of a picture in one shape; numbers are pixels of the picture.

    `who` names the networks and kinds of post that need this shape; empty for common ones.
    """

    label: str
    who: list[str]
    x: float
    y: float
    width: float
    height: float

    @property
    def view_box(self) -> str:
        return f"{self.x:.1f} {self.y:.1f} {self.width:.1f} {self.height:.1f}"


def cuts(asset: Asset) -> list[Cut]:
    """Common shapes first, then those that networks would force on this picture."""
    if not asset.width or not asset.height or asset.kind == Asset.Kind.DOCUMENT:
        return []
    wanted: dict[float, tuple[str, list[str]]] = {
        round(ratio, 3): (label, []) for ratio, label in COMMON
    }
    for provider in providers.all_publishers():
        for name, ratio in _forced(provider, asset):
            wanted.setdefault(round(ratio, 3), (_words(ratio), []))[1].append(name)
    return [_cut(asset, ratio, label, who) for ratio, (label, who) in wanted.items()]


def frame(asset: Asset) -> dict[str, Any]:
    """The box that people drag, in pixels: what they set, else what Candy would keep as a square."""
    if not asset.width or not asset.height:
        return {}
    box = framing.read_focus(asset.focus)
    if box is None or not box.width or not box.height:
        box = _box(asset, 1.0)
    return {
        "x": round(box.x * asset.width, 1),
        "y": round(box.y * asset.height, 1),
        "width": round(box.width * asset.width, 1),
        "height": round(box.height * asset.height, 1),
        "is_set": asset.focus is not None,
    }


def picture(asset: Asset, form: str) -> str:
    """Address of its picture, empty for what has none."""
    if not asset.has_picture:
        return ""
    return reverse("media:image", kwargs={"asset": asset.pk, "rendition": form})


def _forced(provider: Any, asset: Asset) -> list[tuple[str, float]]:
    """Kinds of post of a network that take such a file, with the shape they cut it to."""
    facts, found = provider.capabilities, []
    is_video = asset.kind == Asset.Kind.VIDEO
    for shape in facts.formats:
        if str(asset.kind) not in shape.takes:
            continue
        rules = (shape.video or facts.video) if is_video else (shape.images or facts.images)
        if rules is None:
            continue
        spec = RenditionSpec(min_ratio=rules.min_ratio, max_ratio=rules.max_ratio)
        ratio = framing.wanted_ratio(asset.width, asset.height, spec)
        if ratio is not None:
            found.append((f"{provider.name} {shape.label}", ratio))
    return found


def _cut(asset: Asset, ratio: float, label: str, who: list[str]) -> Cut:
    box = _box(asset, ratio)
    return Cut(
        label,
        who,
        box.x * asset.width,
        box.y * asset.height,
        box.width * asset.width,
        box.height * asset.height,
    )


def _box(asset: Asset, ratio: float) -> Box:
    return framing.crop_box(
        asset.width, asset.height, ratio, focus=asset.focus, attention=asset.attention
    )


def _words(ratio: float) -> str:
    return f"{ratio:.2f}:1" if ratio >= 1 else f"1:{1 / ratio:.2f}"
