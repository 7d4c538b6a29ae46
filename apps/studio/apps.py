from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class StudioConfig(AppConfig):
    name = "apps.studio"
    label = "studio"

    def ready(self) -> None:
        autodiscover_modules("studio")
