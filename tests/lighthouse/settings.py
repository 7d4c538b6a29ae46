"""Production, with its static files collected beside the test."""

import os
from pathlib import Path

from config.settings.production import *  # noqa: F403

STATIC_ROOT = Path(os.environ["CANDY_TEST_STATIC"])
