"""The smallest post that a network takes, made out of its capability file and nothing else."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from apps.integrations.providers.base import Account, Content, MediaItem, PublishProvider
from apps.integrations.providers.capabilities import Option, PostFormat
from apps.integrations.providers.checks import image_rules, video_rules
from tests.support.publishing import Files, jpeg


def content_for(
    provider: PublishProvider,
    account: Account,
    files: Files,
    text: str,
    *,
    shape: str = "",
    count: int | None = None,
    **more: Any,
) -> Content:
    """A post of format `shape` (the network's first by default) with `count` files, or as few as
    it takes; every option that the network wants is chosen, and what it takes for that to count."""
    facts = provider.capabilities
    form = facts.format(shape) if shape else next(iter(facts.formats), None)
    number = count if count is not None else (form.min_media if form else 0)
    options = {
        option.name: value
        for option in facts.options
        if (option.required or option.consent)
        and (not option.formats or (form is not None and form.key in option.formats))
        and (value := _choice(option, account)) is not None
    }
    # The other way would be the network's default, which may say nothing of the text: a TikTok draft.
    options |= {
        name: wanted or True
        for option in facts.options
        if option.name in options and option.only_if
        for name, _, wanted in (option.only_if.partition("="),)
    }
    return Content(
        text,
        tuple(_file(provider, account, form, files, n) for n in range(number)),
        language="en",
        options=options,
        format=shape,
        title=f"{text[:60]}" if facts.title and facts.title.required else "",
        **more,
    )


def _choice(option: Option, account: Account) -> Any:
    if option.kind == "toggle":
        return True if option.consent else None
    choices = [one[0] for one in option.choices]
    choices += [one[0] for one in account.limits.get(option.choices_from) or ()]
    return next((one for one in choices if one), "x")


def _file(
    provider: PublishProvider,
    account: Account,
    form: PostFormat | None,
    files: Files,
    number: int,
) -> MediaItem:
    kind = form.takes[0] if form is not None else "image"
    alt = f"A picture, {number}"
    if kind == "video":
        rules = video_rules(provider.capabilities, account.limits, form)
        assert rules is not None
        seconds = min(max(rules.min_seconds, 12.0), rules.max_seconds)
        return files.video(alt if rules.alt_limit else "", seconds=seconds, cover=files.image())
    rules_of_images = image_rules(provider.capabilities, account.limits, form)
    side = max(400, rules_of_images.min_side or 0)
    return files.image(alt, width=side, height=side)


def variant_for(
    provider: PublishProvider, account: Account, actor: Any, text: str
) -> dict[str, Any]:
    """As `content_for`, but as the fields of a variant, with files that are in the library."""
    made = content_for(provider, account, _NoFiles(), text)
    return {
        "text": text,
        "title": made.title,
        "options": dict(made.options),
        "media": [_in_library(actor, item.kind) for item in made.media],
    }


class _NoFiles(Files):
    """Files that are only asked for their kind."""

    def __init__(self) -> None:
        pass

    def _item(self, mime: str, data: bytes, alt: str, **facts: Any) -> MediaItem:
        return MediaItem("", mime, len(data), alt_text=alt, read=lambda: data, **facts)


def _in_library(actor: Any, kind: str) -> Any:
    """A small picture or clip of this workspace; the same bytes are one asset, however often."""
    from apps.media.services import assets

    data = clip() if kind == "video" else jpeg(1080, 1080)
    name = "clip.mp4" if kind == "video" else "picture.jpg"
    asset, _ = assets.upload(actor=actor, file=data, name=name, alt_text="A picture")
    return asset.pk


@cache
def clip() -> bytes:
    """Twelve seconds of colour, upright, with sound: what every network with video takes."""
    import imageio_ffmpeg

    with TemporaryDirectory() as folder:
        out = Path(folder) / "clip.mp4"
        subprocess.run(
            [
                *(imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y"),
                *("-f", "lavfi", "-i", "testsrc=size=720x1280:rate=30:duration=12"),
                *("-f", "lavfi", "-i", "sine=frequency=440:duration=12"),
                *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", "-pix_fmt", "yuv420p"),
                *("-g", "30", "-c:a", "aac", "-b:a", "64k", "-movflags", "+faststart", str(out)),
            ],
            check=True,
        )
        return out.read_bytes()
