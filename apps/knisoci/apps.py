from __future__ import annotations

from django.apps import AppConfig


class KnisociConfig(AppConfig):
    name = "apps.knisoci"
    label = "knisoci"
