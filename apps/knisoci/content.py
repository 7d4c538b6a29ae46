"""From a variant to what a network gets: hash, images in its format, findings."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from apps.integrations import providers
from apps.integrations.providers.base import Account, Content, Count, Issue, MediaItem
from apps.media import queries as media
from apps.media.services import assets
from apps.media.types import RenditionSpec

if TYPE_CHECKING:
    from apps.integrations.providers.base import PublishProvider
    from apps.knisoci.models import Channel, Variant


def digest(
    *, text: str, media: Iterable[UUID | str], options: Mapping[str, Any], language: str = ""
) -> str:
    """What makes two variants of one account the same post, as 64 hex digits."""
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()
    parts = [plain, [str(one) for one in media], dict(options), language]
    packed = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()


def provider_of(channel: Channel) -> PublishProvider:
    return providers.get(channel.connection.provider)


def spec_for(provider: PublishProvider, account: Account) -> RenditionSpec:
    """How images must be for this account: the server's own limits before the network's."""
    rules, own = provider.capabilities.images, account.limits
    return RenditionSpec(
        mimes=tuple(own.get("mimes") or rules.mimes),
        max_bytes=min(int(own.get("image_bytes") or rules.max_bytes), rules.max_bytes)
        if rules.max_bytes
        else int(own["image_bytes"]),
        max_pixels=own.get("image_pixels") or rules.max_pixels,
        max_side=rules.max_side,
    )


def build(variant: Variant, channel: Channel) -> Content:
    """What would go out now. Makes missing renditions, so keep it out of transactions.

    Raises the media app's errors when an image is gone or cannot be made small enough.
    """
    return build_from(
        channel=channel,
        text=variant.text,
        media_ids=variant.media,
        options=variant.options,
        language=variant.language,
    )


def build_from(
    *,
    channel: Channel,
    text: str,
    media_ids: Sequence[UUID] = (),
    options: Mapping[str, Any] | None = None,
    language: str = "",
) -> Content:
    """As `build`, for text that is not saved yet."""
    items: tuple[MediaItem, ...] = ()
    if media_ids:
        spec = spec_for(provider_of(channel), channel.connection.account)
        items = tuple(_item(asset, spec) for asset in media.in_order(media_ids))
    return Content(text=text, media=items, language=language or None, options=dict(options or {}))


def _item(asset: Any, spec: RenditionSpec) -> MediaItem:
    made = assets.rendition(asset=asset, spec=spec)
    return MediaItem(
        asset_id=str(asset.pk),
        mime=made.mime,
        size=made.size,
        width=made.width,
        height=made.height,
        alt_text=asset.alt_text,
        read=partial(assets.read, made),
    )


def count(channel: Channel, text: str) -> Count:
    """Length by the network's own rule, as composers show it."""
    return provider_of(channel).count(text, channel.connection.account)


def issues(channel: Channel, content: Content) -> list[Issue]:
    """What the network would say to `content`. Pure."""
    return provider_of(channel).validate(content, channel.connection.account)
