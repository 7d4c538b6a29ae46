"""Settings of the workers that publish to simulated networks."""

from __future__ import annotations

from config.env import env_list
from config.settings.test import *  # noqa: F403

CANDY_OUTBOUND_ALLOW = env_list("CANDY_OUTBOUND_ALLOW")
