"""The smallest post that a network takes, made out of its capability file and nothing else."""

from __future__ import annotations

from typing import Any

from apps.integrations.providers.base import Account, Content, MediaItem, PublishProvider
from apps.integrations.providers.capabilities import Option, PostFormat
from apps.integrations.providers.checks import image_rules, video_rules
from tests.support.publishing import Files


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
    it takes; every option that the network wants is chosen."""
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
