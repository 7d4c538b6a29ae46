"""Telling people before a network's interface ends: a version's last day is in its capability file."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.integrations import providers
from apps.integrations.models import Connection, NetworkApp
from apps.integrations.providers.base import PublishProvider
from apps.orchestrator import services as orchestrator
from apps.orchestrator.models import Event
from apps.workspaces.tenancy import require_workspace
from apps.workspaces.types import Actor

KIND = "network.sunset"
_STEPS = (30, 14, 7, 1, 0)  # days left at which it is said again, after the first alarm


def announce(*, today: date | None = None) -> int:
    """Event network.sunset for each network in use whose version ends soon; returns how many.

    Said at the alarm that the capability file sets (60 days before) and again as the day comes
    nearer, each once. In the system workspace for every network that this installation has an app
    at, so that operators hear of it too.
    """
    today = today or timezone.now().date()
    told = 0
    for network in _in_use():
        step = _step(network, today)
        if step is not None and not _was_said(network, step):
            _say(network, step, today)
            told += 1
    return told


def _in_use() -> list[PublishProvider]:
    if require_workspace().is_system:
        return [one for one in providers.all_publishers() if one.key in settings.CANDY_APPS]
    used = {
        *Connection.objects.exclude(state=Connection.State.DISCONNECTED).values_list(
            "provider", flat=True
        ),
        *NetworkApp.objects.filter(is_current=True).values_list("provider", flat=True),
    }
    return [one for one in providers.all_publishers() if one.key in used]


def _step(network: PublishProvider, today: date) -> int | None:
    """The alarm that is on: the number of days it stands for. None while the day is far."""
    api = network.capabilities.api
    left = api.days_left(today)
    if left is None or left > api.alarm_days:
        return None
    return min((step for step in (api.alarm_days, *_STEPS) if left <= step), default=0)


def _was_said(network: PublishProvider, step: int) -> bool:
    return Event.objects.filter(
        kind=KIND, subject_id=network.key, data__version=_version(network), data__step__lte=step
    ).exists()


def _say(network: PublishProvider, step: int, today: date) -> None:
    api = network.capabilities.api
    left = api.days_left(today)
    data: dict[str, Any] = {"version": _version(network), "step": step, "provider": network.key}
    when = "ends today" if left == 0 else f"ends in {left} days" if (left or 0) > 0 else "has ended"
    orchestrator.emit(
        actor=Actor.system(require_workspace()),
        kind=KIND,
        subject=("provider", network.key),
        data=data,
        summary=f"The version of {network.name}'s interface that Candy uses {when} "
        f"({api.sunset_on:%d %B %Y}). Update Candy before.",
    )


def _version(network: PublishProvider) -> str:
    api = network.capabilities.api
    return f"{api.version} {api.sunset_on}"
