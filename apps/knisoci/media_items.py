"""Files as a network gets them: in its format's rules, with cover, captions and an address.

Pictures are made where they are asked for. A video's form takes minutes and is made by a job: until
it is there, composers and checks see how it will be, and the engine comes back later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, get_args
from uuid import UUID

from django.conf import settings

from apps.integrations.providers import checks
from apps.integrations.providers.base import (
    Account,
    Capabilities,
    Content,
    ErrorKind,
    MediaItem,
    ProviderError,
    PublishProvider,
)
from apps.integrations.providers.capabilities import ImageRules, PostFormat, VideoRules
from apps.knisoci.errors import MediaPreparing
from apps.media import files, framing
from apps.media import queries as media
from apps.media.models import Asset, Caption, Rendition
from apps.media.services import handout, renditions
from apps.media.types import Fit, RenditionSpec, VideoSpec
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

# What to do about a form that is not there yet: show how it will be, or also begin to make it, or
# insist on it (MediaPreparing while it is being made).
Wanted = Literal["look", "begin", "insist"]
_COVER = RenditionSpec(mimes=("image/jpeg",), max_side=1920, max_bytes=2_000_000)


def items(
    ids: Sequence[UUID | str],
    *,
    provider: PublishProvider,
    account: Account,
    sketch: Content,
    is_sandbox: bool = False,
    wanted: Wanted = "look",
) -> tuple[MediaItem, ...]:
    """The files `ids` for a post that is otherwise `sketch` (its format and poll decide).

    Raises MediaPreparing, and the media app's errors where a file is gone or cannot be made to fit.
    Makes pictures: keep it out of transactions.
    """
    if not ids:
        return ()
    assets = media.in_order(ids)
    shape = _shape_of(assets, sketch, provider.capabilities)
    wishes = _wishes(sketch, provider.capabilities, shape)
    maker = _Maker(provider, account, shape, wishes, sketch.language or "", is_sandbox, wanted)
    return tuple(maker.item(asset) for asset in assets)


def _shape_of(assets: Iterable[Asset], sketch: Content, facts: Capabilities) -> PostFormat | None:
    """The format these kinds of files make; animations count as videos where no format has GIFs."""
    rough = tuple(_rough(asset) for asset in assets)
    found = checks.format_of(replace(sketch, media=rough), facts)
    if found is None:
        films = tuple(replace(one, mime="video/mp4") if one.kind == "gif" else one for one in rough)
        found = checks.format_of(replace(sketch, media=films), facts)
    return found


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What a post's options say about its files, where its network has them for that format.

    ``fit``: how a file of another shape comes into the format's frame; None: as the rules have it.
    ``burn``: captions are written into the picture.
    """

    fit: Fit | None = None
    burn: bool = False


def _wishes(sketch: Content, facts: Capabilities, shape: PostFormat | None) -> _Wishes:
    offered = {one.name for one in facts.options if shape is not None and shape.key in one.formats}

    def chosen(name: str) -> object:
        return checks.chosen_or_default(name, sketch.options, facts) if name in offered else ""

    fit = next((one for one in get_args(Fit) if one == chosen("fit")), None)
    return _Wishes(fit, checks.is_on(chosen("burn_captions")))


def _rough(asset: Asset) -> MediaItem:
    """The file as it lies in the library: its kind is what counts."""
    mime = {"gif": "image/gif", "video": "video/mp4", "image": "image/jpeg"}
    return MediaItem(
        asset_id=str(asset.pk),
        mime=mime.get(asset.kind, asset.mime),
        size=asset.size,
        width=asset.width,
        height=asset.height,
        alt_text=asset.alt_text,
        read=partial(files.read, asset.master),
    )


class _Maker:
    def __init__(
        self,
        provider: PublishProvider,
        account: Account,
        shape: PostFormat | None,
        wishes: _Wishes,
        language: str,
        is_sandbox: bool,
        wanted: Wanted,
    ) -> None:
        self.facts, self.shape, self.wishes = provider.capabilities, shape, wishes
        self.limits, self.language = account.limits, language
        self.is_sandbox, self.wanted = is_sandbox, wanted

    def item(self, asset: Asset) -> MediaItem:
        if asset.kind == Asset.Kind.DOCUMENT:
            return self._document(asset)
        images = checks.image_rules(self.facts, self.limits, self.shape)
        video = checks.video_rules(self.facts, self.limits, self.shape)
        is_film = asset.kind == Asset.Kind.VIDEO or (
            asset.kind == Asset.Kind.GIF and not self._takes_gifs(images)
        )
        if is_film and video is not None:
            return self._video(asset, video)
        if asset.kind == Asset.Kind.VIDEO:  # taken by no format: the checks will say so
            return self._as_it_lies(asset)
        return self._image(asset, images)

    def _takes_gifs(self, rules: ImageRules) -> bool:
        formats = [self.shape] if self.shape else list(self.facts.formats)
        return "image/gif" in rules.mimes and (
            not formats or any("gif" in one.takes for one in formats)
        )

    def _image(self, asset: Asset, rules: ImageRules) -> MediaItem:
        made = renditions.image(asset=asset, spec=image_spec(rules, self.wishes.fit))
        return self._of(asset, made)

    def _video(self, asset: Asset, rules: VideoRules) -> MediaItem:
        text = self._captions(asset) if rules.captions or self.wishes.burn else None
        spec = video_spec(rules, self.wishes.fit)
        if self.wishes.burn and text:
            spec = replace(spec, captions=text.language)
        made = self._made(asset, spec)
        found = self._of(asset, made) if made is not None else self._expected(asset, spec)
        cover = moment = None
        if rules.cover in ("image", "both") and asset.poster:
            cover = self._of(asset, renditions.image(asset=asset, spec=_COVER))
        if rules.cover in ("moment", "both"):
            moment = asset.cover_ms
        return replace(
            found,
            seconds=(made.duration if made is not None else None) or asset.duration or 0.0,
            fps=_fps(asset, rules),
            cover=cover,
            cover_ms=moment,
            captions=partial(_encoded, text.text) if text and rules.captions else None,
            captions_language=text.language if text and rules.captions else "",
        )

    def _made(self, asset: Asset, spec: VideoSpec) -> Rendition | None:
        if self.wanted == "look":
            return renditions.ready(asset, spec)
        made = renditions.ensure(actor=Actor.system(require_workspace()), asset=asset, spec=spec)
        if isinstance(made, Rendition):
            return made
        if self.wanted == "insist":
            raise MediaPreparing(
                f"“{asset.name}” is being made ready for this network "
                f"({round(made.progress * 100)} %)."
            )
        return None

    def _expected(self, asset: Asset, spec: VideoSpec) -> MediaItem:
        """How it will be, as far as checks look: the type of the form, no larger than allowed."""
        width, height = _fitted(asset.width, asset.height, spec)
        return replace(
            _rough(asset),
            mime=spec.mime,
            size=min(asset.size, spec.max_bytes or asset.size),
            width=width,
            height=height,
            name=asset.name,
            url=self._address(asset),
        )

    def _document(self, asset: Asset) -> MediaItem:
        return replace(self._as_it_lies(asset), pages=asset.pages or 0)

    def _as_it_lies(self, asset: Asset) -> MediaItem:
        return self._of(asset, asset)

    def _of(self, asset: Asset, made: Asset | Rendition) -> MediaItem:
        file = made.master if isinstance(made, Asset) else made.file
        return MediaItem(
            asset_id=str(asset.pk),
            mime=made.mime,
            size=made.size,
            width=made.width,
            height=made.height,
            alt_text=asset.alt_text,
            name=asset.name,
            read=partial(files.read, file),
            ranged=partial(files.read_part, file),
            url=self._address(made),
        )

    def _address(self, made: Asset | Rendition) -> partial[str]:
        return partial(_public_url, made, self.is_sandbox)

    def _captions(self, asset: Asset) -> Caption | None:
        """In the post's language, else the first there are."""
        found = list(Caption.objects.filter(asset=asset).order_by("language"))
        same = [one for one in found if self.language and one.language == self.language]
        return next(iter(same or found), None)


def image_spec(rules: ImageRules, fit: Fit | None = None) -> RenditionSpec:
    """What a picture must be for `rules`, which know the account's own server already."""
    spec = RenditionSpec(
        mimes=tuple(rules.mimes),
        max_bytes=rules.max_bytes,
        max_pixels=rules.max_pixels,
        max_side=rules.max_side,
        min_ratio=rules.min_ratio,
        max_ratio=rules.max_ratio,
    )
    return replace(spec, ratio=rules.frame, fit=fit) if fit else spec


def video_spec(rules: VideoRules, fit: Fit | None = None) -> VideoSpec:
    spec = VideoSpec(
        max_width=rules.max_width,
        max_height=rules.max_height,
        max_pixels=rules.max_pixels,
        min_fps=rules.min_fps,
        max_fps=rules.max_fps,
        max_bitrate=int(rules.max_mbps * 1_000_000) if rules.max_mbps else None,
        max_bytes=rules.max_bytes,
        min_seconds=rules.min_seconds or None,
        max_seconds=rules.max_seconds,
        min_ratio=rules.min_ratio,
        max_ratio=rules.max_ratio,
    )
    return replace(spec, ratio=rules.frame, fit=fit) if fit else spec


def _fps(asset: Asset, rules: VideoRules) -> float:
    """Pictures a second after bringing them between what is allowed; 0 where it is not known."""
    if not asset.fps:
        return 0.0
    return min(max(asset.fps, rules.min_fps or 0.0), rules.max_fps or asset.fps)


def _fitted(width: int, height: int, spec: VideoSpec) -> tuple[int, int]:
    """About the size after making it smaller, and of a shape that is allowed."""
    if not width or not height:
        return width, height
    ratio = framing.wanted_ratio(width, height, spec)
    if ratio is not None and spec.fit == "crop":
        width, height = min(width, round(height * ratio)), min(height, round(width / ratio))
    else:
        width, height = framing.around(width, height, ratio)
    scale = min(
        1.0,
        (spec.max_width or width) / width,
        (spec.max_height or height) / height,
        ((spec.max_pixels or width * height) / (width * height)) ** 0.5,
    )
    return int(width * scale), int(height * scale)


def _public_url(made: Asset | Rendition, is_sandbox: bool) -> str:
    """Raises ProviderError where the outside cannot fetch from us. The sandbox is not outside."""
    if not is_sandbox and not handout.is_reachable():
        raise ProviderError(
            ErrorKind.MEDIA_INVALID,
            "This network fetches files itself, and cannot reach this installation at "
            f"{settings.CANDY_PUBLIC_URL}.",
            field="media",
        )
    return handout.public_url(made)


def _encoded(text: str) -> bytes:
    return text.encode()
