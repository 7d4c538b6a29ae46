"""The home page's cards. Apps register theirs in ``apps/<app>/studio.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

Context = Callable[[HttpRequest], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Block:
    """A card on the home page.

    ``template`` is drawn with what ``context(request)`` returns; None leaves the card out today.
    ``width`` is "wide" (two thirds), "narrow" (one third) or "full". ``live_kinds`` names the events
    after which the card is fetched again, such as "post.*".
    """

    key: str
    template: str
    context: Context
    order: int = 100
    width: str = "wide"
    permission: str = "workspace.view"
    live_kinds: str = ""


_blocks: dict[str, Block] = {}


def register_block(block: Block) -> None:
    """Declare a card. A key is declared once."""
    known = _blocks.get(block.key)
    if known is not None and known != block:
        raise ValueError(f"Home block {block.key} is registered twice.")
    if block.width not in {"wide", "narrow", "full"}:
        raise ValueError(f"Home block {block.key}: no such width {block.width!r}.")
    _blocks[block.key] = block


def blocks_for(request: HttpRequest) -> list[Block]:
    actor = request.actor  # type: ignore[attr-defined]
    allowed = [block for block in _blocks.values() if actor.can(block.permission)]
    return sorted(allowed, key=lambda block: (block.order, block.key))
