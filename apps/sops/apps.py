from __future__ import annotations

from django.apps import AppConfig


class SopsConfig(AppConfig):
    name = "apps.sops"
    label = "sops"
