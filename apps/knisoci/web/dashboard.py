"""How the accounts behind the channels stand: access, quotas, what is wrong and what mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.formats import date_format

from apps.integrations.models import Connection
from apps.integrations.services import meters
from apps.integrations.services.meters import Meter
from apps.knisoci.models import Channel
from apps.knisoci.web import present
from apps.workspaces.tenancy import reverse

_SOON = timedelta(days=14)
_SHOWN = 3  # gauges on a card; the channel's own page has all


@dataclass(frozen=True, slots=True)
class Gauge:
    """A meter in words, `short` for a card. `percent` for the bar; `tone` "" with plenty of room."""

    label: str
    short: str
    note: str
    percent: int
    tone: str
    by_network: bool


@dataclass(frozen=True, slots=True)
class Repair:
    """The one click that mends it: a link, or a POST by htmx."""

    label: str
    icon: str
    url: str
    is_post: bool = False


def cards(channels: Sequence[Channel]) -> list[dict[str, Any]]:
    """Channels as the page of all channels shows them. Two statements for any number of them."""
    found = meters.meters_of([channel.connection for channel in channels])
    return [card(channel, found[channel.connection_id])[0] for channel in channels]


def detail(channel: Channel) -> dict[str, Any]:
    """One channel with all its gauges."""
    view, gauges = card(channel, meters.meters(channel.connection))
    return view | {"gauges": gauges}


def card(channel: Channel, found: Sequence[Meter]) -> tuple[dict[str, Any], list[Gauge]]:
    connection = channel.connection
    gauges = [_gauge(meter) for meter in found]
    nearest = sorted(gauges, key=lambda one: -one.percent)[:_SHOWN]
    view = present.channel_view(channel) | {
        "connection": connection,
        "gauges": [one for one in gauges if one in nearest],
        "access": _access(connection),
        "error": connection.last_error if connection.state != Connection.State.ACTIVE else "",
        "repair": _repair(channel),
    }
    return view, gauges


def _gauge(meter: Meter) -> Gauge:
    # One that fits is not full, however little it is.
    percent = 100 if meter.share >= 1 else min(99, round(meter.share * 100))
    short = note = f"{meter.used} %" if meter.in_percent else f"{meter.used:,} of {meter.limit:,}"
    if not meter.limit:
        short = note = "none for now"
    if meter.resets_at is not None and (meter.used or not meter.limit):
        verb = "room again" if percent >= 100 else "resets"
        note += f" · {verb} {_when(meter)}"
    tone = "danger" if percent >= 100 else "warning" if percent >= 80 else ""
    return Gauge(meter.label, short, note, percent, tone, meter.by_network)


def _when(meter: Meter) -> str:
    at = timezone.localtime(meter.resets_at)
    is_today = at.date() == timezone.localdate()
    return date_format(at, "H:i") if is_today else date_format(at, "j M, H:i")


def _access(connection: Connection) -> str:
    """Until when, in a few words."""
    ends = connection.expires_at
    if not connection.is_usable:
        return ""
    if ends is None:
        return "Access does not end"
    on = date_format(timezone.localtime(ends), "j M Y")
    if connection.warned_for == ends:
        return f"Access ends {on}: sign in again before"
    if ends - timezone.now() < _SOON:
        return "Access renews itself"
    return f"Access until {on}, renews itself"


def _repair(channel: Channel) -> Repair | None:
    connection = channel.connection
    again = {"again": connection.pk, **({"sandbox": 1} if connection.is_sandbox else {})}
    home = reverse("knisoci:channel_connect", kwargs={"provider": connection.provider})
    reconnect = Repair("Reconnect", "plug", f"{home}?{urlencode(again)}")
    if not connection.is_usable:
        return reconnect
    if connection.state == Connection.State.ERROR:
        here = reverse("knisoci:channel_act", kwargs={"channel": channel.pk, "verb": "check"})
        return Repair("Check again", "activity", here, is_post=True)
    if connection.warned_for is not None and connection.warned_for == connection.expires_at:
        return Repair("Sign in again", "plug", reconnect.url)
    return None
