"""How posts, channels and states look: view models shared by the pages of the social suite."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from apps.integrations import providers
from apps.integrations.services import sandbox
from apps.knisoci.models import Channel, Target
from apps.knisoci.transitions import TargetState as S
from apps.workspaces.tenancy import require_workspace, reverse

TONES = {
    S.DRAFT: "",
    S.IN_REVIEW: "grape",
    S.APPROVED: "mint",
    S.SCHEDULED: "info",
    S.CLAIMED: "info",
    S.PUBLISHING: "info",
    S.PUBLISHED: "success",
    S.UNKNOWN: "warning",
    S.UNCONFIRMED: "warning",
    S.FAILED: "danger",
    S.HELD: "warning",
    S.MISSED: "danger",
    S.CANCELLED: "",
}
ICONS = {
    S.DRAFT: "pencil",
    S.IN_REVIEW: "eye",
    S.APPROVED: "check",
    S.SCHEDULED: "clock",
    S.CLAIMED: "loader-circle",
    S.PUBLISHING: "loader-circle",
    S.PUBLISHED: "circle-check",
    S.UNKNOWN: "circle-help",
    S.UNCONFIRMED: "circle-help",
    S.FAILED: "circle-x",
    S.HELD: "circle-pause",
    S.MISSED: "circle-x",
    S.CANCELLED: "ban",
}
LEVEL_TONES = {"green": "success", "amber": "warning", "red": "danger"}
LEVEL_WORDS = {"green": "Ready to go", "amber": "Worth a look", "red": "Will not go out"}


# What a stage of publishing did, where its own name is not a word that people use.
STAGES = {
    "check": "Account asked",
    "register": "Files announced",
    "init": "Upload opened",
    "session": "Upload opened",
    "upload": "Files sent",
    "container": "Prepared there",
    "process": "Files read there",
    "submit": "Sent",
    "confirm": "Confirmed",
    "permalink": "Address asked",
    "comment": "Comment sent",
    "comments": "Comments sent",
    "thumbnail": "Cover sent",
    "captions": "Captions sent",
}


@dataclass(frozen=True, slots=True)
class Network:
    """A network as pages show it. ``mark`` is its icon as safe SVG out of the provider's folder."""

    key: str
    name: str
    color: str
    mark: SafeString


@lru_cache(maxsize=64)
def network(key: str) -> Network:
    provider = providers.of_row(key)
    mark = provider.icon.replace("<svg ", '<svg class="network-mark" aria-hidden="true" ', 1)
    return Network(key, provider.name, provider.color, mark_safe(mark))  # noqa: S308  our own file


def networks() -> list[Network]:
    return [network(provider.key) for provider in providers.all_publishers()]


def state_chip(state: str) -> dict[str, str]:
    """Arguments of ``components/chip.html`` for a target's or post's state."""
    known = S(state)
    return {"label": str(known.label), "tone": TONES[known], "icon": ICONS[known]}


def channel_health(channel: Channel) -> dict[str, str]:
    """One word on whether posts can go out there. Needs ``connection`` loaded."""
    if channel.is_paused:
        return {"tone": "warning", "label": "Paused", "note": channel.pause_reason}
    if not providers.is_here(channel.provider):
        gone = providers.of_row(channel.provider).gone
        return {"tone": "danger", "label": "Unavailable", "note": gone}
    state = channel.connection.state
    if state == "active":
        return {"tone": "success", "label": "Connected", "note": ""}
    if state == "error":
        return {"tone": "warning", "label": "Not reachable", "note": channel.connection.last_error}
    return {"tone": "danger", "label": "Reconnect", "note": channel.connection.last_error}


def sandbox_values(key: str) -> dict[str, str]:
    """What to type into the connect form of network ``key`` for the sandbox's account of this
    workspace."""
    return sandbox.typed_values(providers.get(key), sandbox_login())


def sandbox_login() -> str:
    """This workspace's account on the simulated networks."""
    return (require_workspace().slug or "candy").replace("-", "")


def channel_view(channel: Channel) -> dict[str, Any]:
    """A channel as lists and chips show it."""
    return {
        "row": channel,
        "id": str(channel.pk),
        "name": channel.name,
        "handle": channel.connection.handle,
        "network": network(channel.provider),
        "health": channel_health(channel),
        "gone": not providers.is_here(channel.provider),
        "sandbox": channel.connection.is_sandbox,
    }


def repair(name: str, target: Target) -> dict[str, str]:
    """Words and address of what mends a finding of the flight check; `is_verb` is posted to.

    Empty where no page of ours can.
    """
    channel, post = target.channel, {"post": target.post_id}
    if name == "channels.connect":
        url = reverse("knisoci:channel_connect", kwargs={"provider": channel.provider})
        return {"words": "Reconnect", "url": url}
    if name == "knisoci.resume_channel":
        url = reverse("knisoci:channel", kwargs={"channel": channel.pk})
        return {"words": "Resume the channel", "url": url}
    if name == "knisoci.resume_publishing":
        return {"words": "Resume publishing", "url": reverse("knisoci:channels")}
    if name == "knisoci.resume_campaign":
        return {"words": "Resume the campaign", "url": reverse("knisoci:campaigns")}
    if name == "knisoci.approve_target":
        url = reverse("knisoci:target_act", kwargs={"target": target.pk, "verb": "approve"})
        return {"words": "Approve", "url": url, "is_verb": "1"}
    if name in ("compose", "reschedule"):
        words = "Edit the post" if name == "compose" else "Choose another time"
        return {"words": words, "url": reverse("knisoci:post_edit", kwargs=post)}
    return {}
