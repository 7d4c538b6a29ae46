"""Settings of the processes in the arena."""

from __future__ import annotations

from config.env import env_list, env_str
from config.settings.test import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos.sabotage"]  # noqa: F405
CANDY_OUTBOUND_ALLOW = env_list("CANDY_OUTBOUND_ALLOW")
DATABASES["default"]["OPTIONS"] = {"connect_timeout": 3}  # noqa: F405
EMAIL_BACKEND = env_str("CANDY_EMAIL_BACKEND", EMAIL_BACKEND)  # noqa: F405
# Receipts' pictures are drawn: a browser for each would take the machine from what is tried here.
CANDY_CHROMIUM = "off"
