"""Findings that every network's validator shares, worded once and read from its capability file.

`findings` is the whole check; a network adds only what no other has. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import counting
from .capabilities import Capabilities, ImageRules, Option, PollRules, PostFormat, VideoRules
from .text import links, tags
from .types import Account, Content, Count, Issue, MediaItem

if TYPE_CHECKING:
    from .base import PublishProvider


def findings(
    provider: PublishProvider, content: Content, account: Account | None = None
) -> list[Issue]:
    """Everything the capability file knows to be wrong with `content`."""
    facts, limits = provider.capabilities, account.limits if account else {}
    count, shape = provider.count(content.text, account), format_of(content, facts)
    if shape is not None and shape.text_limit:
        count = replace(count, limit=shape.text_limit)
    return [
        *text_issues(content, count, provider.name),
        *_text_details(content, facts, provider.name),
        *_title_issues(content, facts, provider.name),
        *format_issues(content, facts, provider.name),
        *image_issues(content, facts, limits, provider.name),
        *video_issues(content, facts, limits, provider.name),
        *_document_issues(content, facts, provider.name),
        *_poll_issues(content, poll_rules(facts, limits), provider.name),
        *thread_issues(provider, content, account),
        *option_issues(content, facts, limits),
    ]


def format_of(content: Content, facts: Capabilities) -> PostFormat | None:
    """The chosen format, else the first that takes this media; None where none does."""
    if content.format:
        return facts.format(content.format)
    if content.poll is not None and (poll := facts.format("poll")):
        return poll
    return next((one for one in facts.formats if _takes(one, content.media)), None)


def _takes(shape: PostFormat, media: tuple[MediaItem, ...]) -> bool:
    return shape.min_media <= len(media) <= shape.max_media and all(
        item.kind in shape.takes for item in media
    )


def text_issues(content: Content, count: Count, network: str) -> Iterable[Issue]:
    if not content.text.strip() and not content.media and content.poll is None:
        yield Issue("error", "text.empty", "Write something or add an image.")
    if count.left < 0:
        yield Issue(
            "error",
            "text.too_long",
            f"{network} takes {count.limit:,} {count.unit}; this has {count.used:,}, "
            f"{-count.left:,} too many.",
        )


def _text_details(content: Content, facts: Capabilities, network: str) -> Iterable[Issue]:
    rules = facts.text
    if rules.max_bytes and (size := len(content.text.encode())) > rules.max_bytes:
        yield Issue(
            "error",
            "text.too_many_bytes",
            f"{network} takes {rules.max_bytes:,} bytes of text; this has {size:,}.",
        )
    if rules.required and not content.text.strip() and content.media:
        yield Issue("error", "text.empty", f"{network} wants a text with every post.")
    for limit, found, code, what in (
        (rules.max_hashtags, sum(1 for _ in tags(content.text)), "hashtags", "hashtags"),
        (rules.max_links, len({one.value for one in links(content.text)}), "links", "links"),
    ):
        if limit is not None and found > limit:
            yield Issue(
                "error",
                f"text.too_many_{code}",
                f"{network} takes {limit} {what}; this has {found}.",
            )


def _title_issues(content: Content, facts: Capabilities, network: str) -> Iterable[Issue]:
    rules, shape = facts.title, format_of(content, facts)
    if rules is None or (rules.formats and (shape is None or shape.key not in rules.formats)):
        return
    if rules.required and not content.title.strip():
        yield Issue("error", "title.empty", f"{network} wants a {rules.label.lower()}.", "title")
    used = counting.measure(rules.counting, content.title)
    if used > rules.limit:
        yield Issue(
            "error",
            "title.too_long",
            f"The {rules.label.lower()} has {used:,} of {rules.limit:,} {rules.counting}.",
            "title",
        )
    if bad := sorted(set(rules.forbidden) & set(content.title)):
        yield Issue(
            "error",
            "title.characters",
            f"The {rules.label.lower()} may not have {' '.join(bad)}.",
            "title",
        )


def format_issues(content: Content, facts: Capabilities, network: str) -> Iterable[Issue]:
    """Whether the network has a shape for this media at all, and the chosen one fits."""
    if not facts.formats:
        return
    shape = format_of(content, facts)
    if content.format and shape is None:
        yield Issue("error", "format.unknown", f"{network} has no such kind of post.", "format")
        return
    if shape is None:
        kinds = sorted({item.kind for item in content.media})
        most = max((one.max_media for one in facts.formats), default=0)
        if not kinds:
            yield Issue("error", "media.missing", f"{network} needs a picture or a video.", "media")
        elif all(any(kind in one.takes for one in facts.formats) for kind in kinds) and (
            len(content.media) > most
        ):
            return  # image_issues and video_issues say it with the number
        else:
            yield Issue(
                "error",
                "media.mixed" if len(kinds) > 1 else "media.kind",
                f"{network} has no post with {' and '.join(kinds)} like this.",
                "media",
            )
        return
    if len(content.media) < shape.min_media:
        yield Issue(
            "error",
            "media.missing",
            f"{shape.label} needs {shape.min_media} or more files.",
            "media",
        )
    if len({item.kind for item in content.media}) > 1 and not shape.mixed:
        yield Issue("error", "media.mixed", f"{shape.label}: one kind of file only.", "media")
    for number, item in enumerate(content.media, 1):
        if item.kind not in shape.takes:
            yield Issue(
                "error",
                "media.kind",
                f"{network}: {shape.label.lower()} does not take a {item.kind} (file {number}).",
                "media",
            )


def image_issues(
    content: Content, capabilities: Capabilities, limits: Mapping[str, Any], network: str
) -> Iterable[Issue]:
    rules = image_rules(capabilities, limits, format_of(content, capabilities))
    pictures = [item for item in content.media if item.kind in ("image", "gif")]
    if len(pictures) > rules.max_count:
        yield Issue(
            "error",
            "media.too_many",
            f"{network} takes {rules.max_count} images; this post has {len(pictures)}.",
            "media",
        )
    for number, item in enumerate(pictures, 1):
        yield from _one_image(item, number, rules, network)


def _one_image(item: MediaItem, number: int, rules: ImageRules, network: str) -> Iterable[Issue]:
    def wrong(code: str, message: str) -> Issue:
        return Issue("error", f"media.{code}", message, "media")

    if item.mime not in rules.mimes:
        yield wrong("kind", f"{network} does not take {item.mime} (image {number}).")
    if item.size > rules.max_bytes:
        yield wrong(
            "too_large",
            f"Image {number} has {item.size:,} bytes; {network} takes {rules.max_bytes:,}.",
        )
    if rules.max_pixels and item.width * item.height > rules.max_pixels:
        yield wrong("too_many_pixels", f"Image {number} is larger than {network} takes.")
    if rules.min_side and item.width and min(item.width, item.height) < rules.min_side:
        yield wrong(
            "too_small",
            f"Image {number} is {item.width} × {item.height}; {network} wants {rules.min_side}.",
        )
    if _off_ratio(item, rules.min_ratio, rules.max_ratio):
        yield wrong("ratio", f"{network} does not take the shape of image {number}.")
    if rules.alt_limit and len(item.alt_text) > rules.alt_limit:
        yield wrong(
            "alt_too_long",
            f"The description of image {number} is over {rules.alt_limit:,} characters.",
        )
    if rules.alt_limit and not item.alt_text.strip():
        yield Issue(
            "warning", "media.alt_missing", f"Image {number} has no description yet.", "media"
        )


def video_issues(
    content: Content, facts: Capabilities, limits: Mapping[str, Any], network: str
) -> Iterable[Issue]:
    videos = [item for item in content.media if item.kind == "video"]
    if not videos:
        return
    rules = video_rules(facts, limits, format_of(content, facts))
    if rules is None:
        if not facts.formats:
            yield Issue("error", "media.kind", f"{network} takes no video here.", "media")
        return
    shape = format_of(content, facts)
    if len(videos) > rules.max_count and not (shape and shape.mixed):
        yield Issue(
            "error",
            "media.too_many",
            f"{network} takes {rules.max_count} video; this post has {len(videos)}.",
            "media",
        )
    for item in videos:
        yield from _one_video(item, rules, network)


def _one_video(item: MediaItem, rules: VideoRules, network: str) -> Iterable[Issue]:
    def wrong(code: str, message: str) -> Issue:
        return Issue("error", f"media.{code}", message, "media")

    if item.mime not in rules.mimes:
        yield wrong("kind", f"{network} does not take {item.mime}.")
    if item.size > rules.max_bytes:
        yield wrong(
            "too_large", f"The video has {item.size:,} bytes; {network} takes {rules.max_bytes:,}."
        )
    if item.seconds and item.seconds > rules.max_seconds + 0.05:
        yield wrong(
            "too_long", f"The video runs {item.seconds:g} s; {network} takes {rules.max_seconds:g}."
        )
    if item.seconds and item.seconds < rules.min_seconds:
        yield wrong(
            "too_short",
            f"The video runs {item.seconds:g} s; {network} wants {rules.min_seconds:g}.",
        )
    too_wide = rules.max_width and item.width > rules.max_width
    too_high = rules.max_height and item.height > rules.max_height
    too_many = rules.max_pixels and item.width * item.height > rules.max_pixels
    if too_wide or too_high or too_many:
        yield wrong("too_many_pixels", f"The video is larger than {network} takes.")
    if rules.min_side and item.width and min(item.width, item.height) < rules.min_side:
        yield wrong("too_small", f"The video is smaller than {network} takes.")
    if (rules.max_fps and item.fps > rules.max_fps + 0.5) or (
        rules.min_fps and 0 < item.fps < rules.min_fps - 0.5
    ):
        yield wrong("frame_rate", f"{network} does not take {item.fps:g} frames a second.")
    if _off_ratio(item, rules.min_ratio, rules.max_ratio):
        yield wrong("ratio", f"{network} does not take the shape of this video.")
    if rules.alt_limit and len(item.alt_text) > rules.alt_limit:
        yield wrong(
            "alt_too_long", f"The video's description is over {rules.alt_limit:,} characters."
        )


def _off_ratio(item: MediaItem, least: float | None, most: float | None) -> bool:
    """A pixel of rounding is forgiven."""
    ratio = item.ratio
    return bool(ratio) and (
        (least is not None and ratio < least * 0.99) or (most is not None and ratio > most * 1.01)
    )


def _document_issues(content: Content, facts: Capabilities, network: str) -> Iterable[Issue]:
    rules = facts.document
    for item in content.media:
        if item.kind != "document" or rules is None:
            continue
        if item.mime not in rules.mimes:
            yield Issue("error", "media.kind", f"{network} does not take {item.mime}.", "media")
        if item.size > rules.max_bytes:
            yield Issue(
                "error",
                "media.too_large",
                f"The document has {item.size:,} bytes; {network} takes {rules.max_bytes:,}.",
                "media",
            )
        if rules.max_pages and item.pages > rules.max_pages:
            yield Issue(
                "error",
                "media.too_many_pages",
                f"The document has {item.pages:,} pages; {network} takes {rules.max_pages:,}.",
                "media",
            )
        if rules.title_required and not (content.title.strip() or item.name):
            yield Issue("error", "title.empty", f"{network} wants the document's title.", "title")


def _poll_issues(content: Content, rules: PollRules | None, network: str) -> Iterable[Issue]:
    poll = content.poll
    if poll is None:
        return
    if rules is None:
        yield Issue("error", "poll.none", f"{network} has no polls.", "poll")
        return
    if content.media and not rules.with_media:
        yield Issue("error", "poll.media", f"{network}: a poll or files, not both.", "poll")
    if not rules.min_options <= len(poll.options) <= rules.max_options:
        yield Issue(
            "error",
            "poll.options",
            f"A poll has {rules.min_options} to {rules.max_options} answers.",
            "poll",
        )
    for option in poll.options:
        if not option.strip():
            yield Issue("error", "poll.option_empty", "An answer is empty.", "poll")
        elif len(option) > rules.option_limit:
            yield Issue(
                "error",
                "poll.option_too_long",
                f"An answer has at most {rules.option_limit} characters: “{option}”.",
                "poll",
            )
    if len(set(poll.options)) < len(poll.options):
        yield Issue("error", "poll.option_twice", "Two answers are the same.", "poll")
    in_list = not rules.minutes or poll.minutes in rules.minutes
    if not in_list or not rules.min_minutes <= poll.minutes <= rules.max_minutes:
        yield Issue("error", "poll.minutes", f"{network} has no polls that run so long.", "poll")
    if poll.multiple and not rules.multiple:
        yield Issue("error", "poll.multiple", f"{network}: one answer for each voter.", "poll")


def thread_issues(
    provider: PublishProvider, content: Content, account: Account | None
) -> Iterable[Issue]:
    facts = provider.capabilities
    if content.thread:
        if facts.thread is None:
            yield Issue("error", "thread.none", f"{provider.name} has no threads.", "thread")
        elif len(content.thread) + 1 > facts.thread.max_parts:
            yield Issue(
                "error",
                "thread.too_many",
                f"{provider.name}: at most {facts.thread.max_parts} posts in a thread.",
                "thread",
            )
        else:
            for part in content.parts():
                if part.role != "thread":
                    continue
                for found in provider.validate(replace(part.content, options={}), account):
                    if not found.code.startswith("option."):
                        yield replace(
                            found,
                            message=f"Part {part.number + 1}: {found.message}",
                            field=f"thread.{part.number}",
                        )
    if content.first_comment:
        rules = facts.first_comment
        if rules is None:
            yield Issue(
                "error",
                "comment.none",
                f"{provider.name} takes no first comment from us.",
                "first_comment",
            )
        elif (used := counting.measure(rules.counting, content.first_comment)) > rules.limit:
            yield Issue(
                "error",
                "comment.too_long",
                f"The first comment has {used:,} of {rules.limit:,} characters.",
                "first_comment",
            )


def image_rules(
    capabilities: Capabilities, limits: Mapping[str, Any], shape: PostFormat | None = None
) -> ImageRules:
    """The capability file (its format first), overruled by what the account's server told us."""
    told = {
        "max_count": limits.get("images"),
        "max_bytes": limits.get("image_bytes"),
        "max_pixels": limits.get("image_pixels"),
        "alt_limit": limits.get("alt"),
        "mimes": tuple(limits["mimes"]) if limits.get("mimes") else None,
    }
    rules = shape.images if shape is not None and shape.images else capabilities.images
    return rules.model_copy(update={k: v for k, v in told.items() if v})


def video_rules(
    facts: Capabilities, limits: Mapping[str, Any], shape: PostFormat | None = None
) -> VideoRules | None:
    """As `image_rules`, for video; None where the network or the format takes none."""
    rules = shape.video if shape is not None and shape.video else facts.video
    if rules is None:
        return None
    told = {
        "max_seconds": limits.get("video_seconds"),
        "max_bytes": limits.get("video_bytes"),
        "max_fps": limits.get("video_fps"),
        "max_pixels": limits.get("video_pixels"),
        "mimes": tuple(limits["video_mimes"]) if limits.get("video_mimes") else None,
    }
    return rules.model_copy(update={k: v for k, v in told.items() if v})


def poll_rules(facts: Capabilities, limits: Mapping[str, Any]) -> PollRules | None:
    """As `image_rules`, for polls; None where the network has none."""
    told = {
        "max_options": limits.get("poll_options"),
        "option_limit": limits.get("poll_option_text"),
        "min_minutes": limits.get("poll_min_minutes"),
        "max_minutes": limits.get("poll_max_minutes"),
    }
    return facts.poll and facts.poll.model_copy(update={k: v for k, v in told.items() if v})


def option_issues(
    content: Content, capabilities: Capabilities, limits: Mapping[str, Any] | None = None
) -> Iterable[Issue]:
    """Choices that the network does not have, and ones that it wants."""
    shape = format_of(content, capabilities)
    for option in capabilities.options:
        if option.formats and (shape is None or shape.key not in option.formats):
            continue
        value = content.options.get(option.name)
        code = f"option.{option.name}"
        on = counts(option, content.options, capabilities)
        if on and option.consent and not is_on(value):
            yield Issue("error", code, f"{option.label}: please agree first.", option.name)
        elif on and option.required and not value:
            yield Issue("error", code, f"{option.label}: please choose.", option.name)
        choices = [str(one[0]) for one in option.choices]
        if option.choices_from and limits:
            choices += [str(one[0]) for one in limits.get(option.choices_from) or ()]
        if choices and value and str(value) not in choices:
            yield Issue("error", code, f"{option.label}: unknown choice.", option.name)
        if option.max_length and isinstance(value, str) and len(value) > option.max_length:
            yield Issue("error", code, f"{option.label} is too long.", option.name)
        if on and option.disabled_by and (limits or {}).get(option.disabled_by) and is_on(value):
            yield Issue(
                "error", code, f"{option.label}: this account does not allow it.", option.name
            )


def counts(option: Option, chosen: Mapping[str, Any], facts: Capabilities) -> bool:
    """Whether `option` matters with what was chosen so far, see Option.only_if."""
    name, _, wanted = option.only_if.partition("=")
    if not name:
        return True
    above = next((one for one in facts.options if one.name == name), None)
    if above is not None and not counts(above, chosen, facts):
        return False
    value = chosen_or_default(name, chosen, facts)
    return str(value) == wanted if wanted else is_on(value)


def chosen_or_default(name: str, chosen: Mapping[str, Any], facts: Capabilities) -> Any:
    """The value of option `name`: what was chosen, else its default."""
    value = chosen.get(name)
    if value is None or value == "":
        return next((one.default for one in facts.options if one.name == name), "")
    return value


def is_on(value: Any) -> bool:
    """A toggle's value, whether it came by form or by JSON."""
    return value is True or str(value).lower() in ("true", "on", "1", "yes")
