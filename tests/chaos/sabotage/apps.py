from __future__ import annotations

import os
import uuid
from datetime import timedelta
from typing import Any

from django.apps import AppConfig


class SabotageConfig(AppConfig):
    name = "tests.chaos.sabotage"
    label = "chaos_sabotage"

    def ready(self) -> None:
        drop_keys()
        if os.environ.get("CHAOS_BLIND"):
            blind()


def drop_keys() -> None:
    """Each call carries a fresh key: to the network every resend is a new post."""
    from apps.integrations.providers.base import PublishContext

    real = PublishContext.__init__

    def init(self: PublishContext, *args: Any, **kwargs: Any) -> None:
        kwargs["key"] = str(uuid.uuid4())
        real(self, *args, **kwargs)

    PublishContext.__init__ = init  # type: ignore[method-assign]


def blind() -> None:
    """The negative control: no settling and no looking; what is in doubt is sent again at once."""
    from apps.integrations import providers
    from apps.integrations.providers.base import NotFound
    from apps.knisoci.services import ledger

    for provider in providers.all_publishers():
        type(provider).reconcile = lambda self, ctx: NotFound()  # type: ignore[method-assign]
    ledger.settle_time = lambda provider: timedelta(0)
    ledger.call_timeout = lambda: timedelta(0)
