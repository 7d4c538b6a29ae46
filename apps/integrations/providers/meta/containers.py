"""Publishing in two steps: a container is made and prepared, then published once.

A container is published at most once, whatever happens to the answer, and says so afterwards. It
lives 24 hours, so it is made when a post goes out and made anew when that took too long.

Handles: `container` and `item.<n>` hold ids; `.at` when it was made, `.begun` that its bytes were
on their way, `.sent` that they are there, `.ready` that it may be published. `blocked` notes a spam
block that may be a false one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import regex

from ..base import (
    ErrorKind,
    Found,
    NotFound,
    ProviderError,
    PublishContext,
    Unreadable,
    Wait,
)
from .errors import GraphError, Meaning, Table, meaning_of
from .graph import GraphApi, instant, is_gone, wanted

LIFETIME = timedelta(hours=23)  # an hour less than theirs
SKEW = timedelta(minutes=3)  # between our clock and theirs
_NUMBER = regex.compile(r"\b2207\d{3}\b")
_PARTS = ("", ".at", ".begun", ".sent", ".ready")


@dataclass(frozen=True, slots=True)
class Words:
    """What a network calls the parts of a container's state, and the edge that publishes."""

    state: str
    said: str
    publish: str


class Containers:
    """The containers of one intent. `poll_seconds` lie between two looks at one in the making."""

    def __init__(
        self, api: GraphApi, ctx: PublishContext, words: Words, table: Table, poll_seconds: float
    ) -> None:
        self._api, self._ctx, self._words, self._table = api, ctx, words, table
        self._poll = poll_seconds

    def prepare(
        self,
        name: str,
        make: Callable[[], dict[str, Any]],
        send: Callable[[str, bool], None] | None = None,
    ) -> Wait | None:
        """Make the container unless it is there, send its bytes, and say whether to wait.

        `send` gets the container's id and whether some of the bytes may be there already.

        Raises ProviderError where the network could not use the media.
        """
        handles = self._ctx.handles
        if handles.get(name) and self._is_old(name):
            self.forget_all()
            return Wait(0)
        if not handles.get(name):
            made = wanted(make(), "id")
            self._ctx.remember(name, made)
            self._ctx.remember(f"{name}.at", datetime.now(UTC).isoformat())
        if send is not None and not handles.get(f"{name}.sent"):
            begun = bool(handles.get(f"{name}.begun"))
            self._ctx.remember(f"{name}.begun", "1")
            send(handles[name], begun)
            self._ctx.remember(f"{name}.sent", "1")
        return None if handles.get(f"{name}.ready") else self._look(name)

    def _look(self, name: str) -> Wait | None:
        state, said = self.state(self._ctx.handles[name])
        if state in ("FINISHED", "PUBLISHED"):
            self._ctx.remember(f"{name}.ready", "1")
            return Wait(self._api.usage.pause) if self._api.usage.slow else None
        if state == "EXPIRED":
            self.forget_all()
            return Wait(0)
        if state == "ERROR":
            self._ctx.forget(*(name + part for part in _PARTS))
            raise self._failed(said)
        return Wait(self._poll)

    def state(self, container: str) -> tuple[str, str]:
        words = self._words
        answer = self._api.get(container, fields=f"{words.state},{words.said}")
        return str(answer.get(words.state) or ""), str(answer.get(words.said) or "")

    def publish(self, account_id: str, find: Callable[[], Found | None]) -> Found | None:
        """Publish the container and remember the post's id; what was found out already instead.

        None: the container was no longer good, and everything has to be prepared again.
        """
        ctx = self._ctx
        try:
            answer = self._api.post(
                f"{account_id}/{self._words.publish}",
                {"creation_id": ctx.handles["container"]},
                mutating=True,
            )
        except ProviderError as error:
            return self._refused(error, find)
        ctx.remember("remote_id", wanted(answer, "id", mutating=True))
        return Found(ctx.handles["remote_id"], "")

    def _refused(self, error: ProviderError, find: Callable[[], Found | None]) -> Found | None:
        """Some refusals hide a success: only the container knows."""
        ctx = self._ctx
        if error.kind is ErrorKind.AMBIGUOUS and isinstance(error, GraphError):
            ctx.remember("blocked", "1")
        elif error.kind not in (ErrorKind.VALIDATION, ErrorKind.MEDIA_INVALID):
            raise error
        try:
            state, _ = self.state(ctx.handles["container"])
        except ProviderError:
            raise error from None
        if state == "PUBLISHED" and (found := find()) is not None:
            ctx.remember("remote_id", found.remote_id)
            return found
        if state in ("EXPIRED", "ERROR"):
            self.forget_all()
            return None
        raise error

    def reconcile(self, find: Callable[[], Found | None]) -> Found | NotFound | Unreadable:
        """Whether the container was published, and as what. Reads only."""
        container = self._ctx.handles.get("container")
        if not container:
            return NotFound()  # nothing goes out before there is a container
        try:
            state, _ = self.state(container)
            if state != "PUBLISHED":
                return self._not_out()
            found = find()
        except ProviderError as error:
            if error.kind is ErrorKind.SCOPE_MISSING:
                return Unreadable("The connection may not read its posts.")
            if is_gone(error):
                return Unreadable("The network no longer knows what was sent.")
            raise
        if found is None:  # lists lag behind; the engine asks again for a while, then a person
            raise ProviderError(
                ErrorKind.TRANSIENT_SAFE, "It is out, but not yet among the account's posts."
            )
        return found

    def _not_out(self) -> NotFound | Unreadable:
        if self._ctx.handles.get("blocked"):
            return Unreadable(
                "The network held it for spam. Look at the account before sending it again."
            )
        return NotFound()

    def forget_all(self) -> None:
        """Containers are as old as each other: when one has expired, all are made anew."""
        names = [name for name in self._ctx.handles if name.startswith(("item.", "container"))]
        self._ctx.forget(*names)

    def _is_old(self, name: str) -> bool:
        made = instant(self._ctx.handles.get(f"{name}.at"))
        return made is not None and made < datetime.now(UTC) - LIFETIME

    def _failed(self, said: str) -> GraphError:
        """A container's error carries its number inside a sentence."""
        number = _NUMBER.search(said)
        subcode = int(number[0]) if number else 0
        meaning = meaning_of(0, subcode, self._table) if subcode else None
        text = (meaning and meaning.message) or said or "The file could not be used."
        meaning = meaning or Meaning(ErrorKind.MEDIA_INVALID, field="media")
        return GraphError(meaning, text[:300], subcode=subcode)


def is_recent(at: Any, ctx: PublishContext) -> bool:
    """Whether a post of that time can be this intent's."""
    moment = instant(at)
    return moment is not None and moment >= ctx.started_at - SKEW


def same_text(one: Any, other: str) -> bool:
    return " ".join(str(one or "").split()) == " ".join(other.split())
