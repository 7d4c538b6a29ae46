from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class OrchestratorConfig(AppConfig):
    name = "apps.orchestrator"
    label = "orchestrator"

    def ready(self) -> None:
        from apps.orchestrator import announced, checks  # noqa: F401  checks register themselves

        announced.listen()
        # Each app's own actions.py declares what it can do, its events.py what it listens to.
        autodiscover_modules("actions", "events")
