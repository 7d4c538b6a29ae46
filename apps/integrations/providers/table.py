"""All networks as tables for people, out of their capability files. `docs/networks.md` is this text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .base import PublishProvider
from .capabilities import Capabilities, PostFormat, QuotaRule

_HEAD = """\
# What each network can do

Made by `manage.py networks --write` from the `capability.json` of each folder below
`apps/integrations/providers/`, and held to them by a test: change a fact there, then make this page
again. How an app is registered, what is reviewed and what is not here stands in each folder's
`README.md`. An account's own limits, read when it is connected and at each check, win over these.
"""

_PROMISES = {
    "keyed": "once by the network's own key: a lost answer is sent again",
    "readable": "once by reading: after a lost answer the account is looked through first",
    "write_only": "at most once: a lost answer waits for a person",
}
_CARDS = {
    "none": "none",
    "by_network": "made by the network",
    "by_us": "made by Candy from the page",
}


def as_markdown(networks: Sequence[PublishProvider]) -> str:
    """The page. Pure: the same files give the same text, on every day."""
    networks = sorted(networks, key=lambda one: one.name.casefold())
    parts = [_HEAD]
    for title, note, columns in _TABLES:
        rows = [[one.name, *(cell(one.capabilities) for _, cell in columns)] for one in networks]
        parts.append(f"## {title}\n\n{note}{_table(['Network', *(n for n, _ in columns)], rows)}\n")
    return "\n".join(parts)


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split()) or "–"


def _text(facts: Capabilities) -> str:
    rules = facts.text
    also = f", {rules.max_bytes:,} bytes" if rules.max_bytes else ""
    return f"{rules.limit:,} {rules.unit}{also}"


def _title(facts: Capabilities) -> str:
    rules = facts.title
    if rules is None:
        return ""
    return f"{rules.limit:,}" + (", required" * rules.required)


def _more_text(facts: Capabilities) -> str:
    rules = facts.text
    most = {
        "hashtags": rules.max_hashtags,
        "mentions": rules.max_mentions,
        "links": rules.max_links,
    }
    return ", ".join(f"{count} {what}" for what, count in most.items() if count)


def _formats(facts: Capabilities) -> str:
    return ", ".join(_format(one) for one in facts.formats)


def _format(one: PostFormat) -> str:
    if one.max_media < 2:
        return one.label
    count = str(one.max_media)
    if one.min_media not in (0, one.max_media):
        count = f"{one.min_media} to {count}"
    return f"{one.label} ({count})"


def _images(facts: Capabilities) -> str:
    rules = facts.images
    if not rules.max_count:
        return ""
    alt = f"; descriptions of {rules.alt_limit:,}" if rules.alt_limit else "; no descriptions"
    return f"{rules.max_count} of {_size(rules.max_bytes)}, {_kinds(rules.mimes)}{alt}"


def _video(facts: Capabilities) -> str:
    rules = facts.video
    if rules is None:
        return ""
    count = f"{rules.max_count} of " if rules.max_count > 1 else ""
    span = f"{_span(rules.min_seconds)} to " if rules.min_seconds else "up to "
    cover = f"; cover: {_COVERS[rules.cover]}" if rules.cover != "none" else ""
    captions = "; captions" * rules.captions
    return f"{count}{_size(rules.max_bytes)}, {span}{_span(rules.max_seconds)}{cover}{captions}"


_COVERS = {"image": "a picture", "moment": "a moment", "both": "a picture or a moment"}


def _document(facts: Capabilities) -> str:
    rules = facts.document
    if rules is None:
        return ""
    return _size(rules.max_bytes) + (f", {rules.max_pages} pages" if rules.max_pages else "")


def _thread(facts: Capabilities) -> str:
    return f"{facts.thread.max_parts} parts" if facts.thread else ""


def _comment(facts: Capabilities) -> str:
    return f"{facts.first_comment.limit:,}" if facts.first_comment else ""


def _poll(facts: Capabilities) -> str:
    rules = facts.poll
    if rules is None:
        return ""
    times = (
        ", ".join(_span(60 * minutes) for minutes in rules.minutes)
        or f"{_span(60 * rules.min_minutes)} to {_span(60 * rules.max_minutes)}"
    )
    several = "; several answers" * rules.multiple
    return (
        f"{rules.min_options} to {rules.max_options} of {rules.option_limit}, open {times}{several}"
    )


def _options(facts: Capabilities) -> str:
    return ", ".join(one.label + (" (required)" * one.required) for one in facts.options)


def _quotas(facts: Capabilities) -> str:
    found = []
    for rule in facts.quotas:
        if (line := _quota(rule)) not in found:
            found.append(line)
    return "; ".join(found)


def _quota(rule: QuotaRule) -> str:
    window = _span(rule.seconds) if rule.resets == "rolling" else f"a day ({rule.resets})"
    whose = "account" if rule.scope == "account" else "app"
    return f"{rule.label}: {rule.limit:,} in {window} for each {whose}" + (", read" * rule.read)


def _rates(facts: Capabilities) -> str:
    return "; ".join(
        f"{one.label or 'all calls'}: {one.limit:,} in {_span(one.seconds)} for each {one.scope}"
        for one in facts.rates
    )


def _prices(facts: Capabilities) -> str:
    return "; ".join(f"{one.label}: {one.usd:g} USD" for one in facts.prices)


def _version(facts: Capabilities) -> str:
    return facts.api.version


def _last_day(facts: Capabilities) -> str:
    api = facts.api
    return (
        f"{api.sunset_on} (alarm {api.alarm_days} days before)" if api.sunset_on else "none named"
    )


def _metrics(facts: Capabilities) -> str:
    found = []
    for one in facts.metrics:
        dates = [
            f"{word} {day}"
            for word, day in (("from", one.valid_from), ("until", one.valid_until))
            if day
        ]
        name = one.label + (f" ({' '.join(dates)})" if dates else "")
        if name not in found:
            found.append(name)
    return ", ".join(found)


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= size:
            return f"{round(count / size, 1):g} {unit}"
    return f"{count} bytes"


def _span(seconds: float) -> str:
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= size and not seconds % size:
            count = int(seconds // size)
            return f"{count:,} {unit}" + "s" * (count != 1)
    return f"{seconds:g} seconds"


def _kinds(mimes: Sequence[str]) -> str:
    return ", ".join(one.partition("/")[2].upper() for one in mimes)


_Column = tuple[str, Callable[[Capabilities], str]]
_TABLES: tuple[tuple[str, str, tuple[_Column, ...]], ...] = (
    (
        "Access",
        "",
        (
            ("API version", _version),
            ("Its last day", _last_day),
            ("Review", lambda facts: facts.access.review),
            ("Works without review", lambda facts: facts.access.without_review),
            ("Checked on", lambda facts: str(facts.checked_on)),
        ),
    ),
    (
        "Text",
        "",
        (
            ("Limit", _text),
            ("Counted", lambda facts: facts.text.note or "plainly"),
            ("At most", _more_text),
            ("Title", _title),
            ("Link card", lambda facts: _CARDS[facts.publishing.link_card]),
        ),
    ),
    (
        "Formats and media",
        "Figures in brackets say how many files a post of that format has.\n\n",
        (
            ("Formats", _formats),
            ("Images", _images),
            ("Video", _video),
            ("Document", _document),
            ("Fetches files itself", lambda facts: "yes" * facts.publishing.pulls_media),
        ),
    ),
    (
        "Threads, comments, polls, choices",
        "",
        (
            ("Thread", _thread),
            ("First comment", _comment),
            ("Poll", _poll),
            ("Choices for a post", _options),
        ),
    ),
    (
        "Publishing",
        "",
        (
            ("Promise", lambda facts: _PROMISES[facts.publishing.promise]),
            ("Quotas", _quotas),
            ("Call rates", _rates),
            ("Prices", _prices),
        ),
    ),
    ("Numbers", "", (("Told for a post", _metrics),)),
)
