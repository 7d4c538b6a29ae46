"""LinkedIn's "little text": what has to be escaped, hashtags and mentions. Pure."""

from __future__ import annotations

import regex

from ..text import tags, with_link
from ..types import Content

RESERVED = r"|{}@[]()<>#\*_~"
_RESERVED = regex.compile(r"[|{}@\[\]()<>#\\*_~]")
_MENTION = regex.compile(r"@\[([^\]\n]+)\]\((urn:li:(?:organization|person):[\w-]+)\)")
_HASHTAG = regex.compile(r"\{hashtag\|\\?[#＃]\|((?:\\.|[^}\\])+)\}")
_ESCAPED = regex.compile(r"\\([|{}@\[\]()<>#\\*_~])")


def _escaped(text: str) -> str:
    return _RESERVED.sub(lambda found: "\\" + found[0], text)


def little(text: str) -> str:
    r"""The text as `commentary`: an unescaped sign would cut it short without a word.

    `#word` becomes a hashtag, `@[Exact Name](urn:li:organization:1)` stays a mention.
    """
    spans = [(m.start(), m.end(), f"@[{_inside(m[1])}]({m[2]})") for m in _MENTION.finditer(text)]
    taken = [(start, end) for start, end, _ in spans]
    spans += [
        (tag.start, tag.end, rf"{{hashtag|\#|{_escaped(tag.value)}}}")
        for tag in tags(text)
        if not any(start <= tag.start < end for start, end in taken)
    ]
    out, at = [], 0
    for start, end, shown in sorted(spans):
        out += [_escaped(text[at:start]), shown]
        at = end
    return "".join([*out, _escaped(text[at:])])


def _inside(name: str) -> str:
    """A mention's name: only what would end it."""
    return name.replace("\\", "\\\\").replace("]", "\\]")


def without_markup(text: str) -> str:
    """A typed text where mentions are not understood: their names only."""
    return _MENTION.sub(lambda found: found[1], text)


def plain(commentary: str) -> str:
    """Little text as a reader sees it."""
    text = _HASHTAG.sub(lambda found: f"#{found[1]}", commentary)
    return _ESCAPED.sub(lambda found: found[1], without_markup(text))


def comparable(commentary: str) -> str:
    """Little text in the form that survives LinkedIn."""
    return " ".join(plain(commentary).split())


def is_card(content: Content) -> bool:
    """Whether the link gets a card of its own, which takes the place of files."""
    return (
        bool(content.link)
        and content.poll is None
        and (content.format == "article" or not content.media)
    )


def full_text(content: Content) -> str:
    """What is written: a link that gets no card has to stand in the text."""
    return content.text if is_card(content) else with_link(content)


def question(content: Content) -> str:
    """What a poll asks: the title, else the text's first line."""
    lines = content.text.strip().splitlines()
    return content.title.strip() or (lines[0].strip() if lines else "")
