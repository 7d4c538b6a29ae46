"""One machine, nothing installed: what ``make run`` uses."""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit

from config.env import env_bool, env_str

os.environ.setdefault("CANDY_LOG_FORMAT", "text")

from config.settings.base import *  # noqa: F403

DEBUG = env_bool("CANDY_DEBUG", True)
SECRET_KEY = env_str("SECRET_KEY", "local-only-" + "x" * 50)
EMAIL_BACKEND = env_str("CANDY_EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = VAR_DIR / "mail"
ALLOWED_HOSTS = ["*"]
if "runserver" in sys.argv:  # its reactor takes a quarter of a second to load, in every process
    INSTALLED_APPS = ["daphne", *INSTALLED_APPS]
# The sandbox networks are on this machine, so they are the one private address open without asking.
CANDY_OUTBOUND_ALLOW = [*CANDY_OUTBOUND_ALLOW, urlsplit(CANDY_SANDBOX_URL).netloc]
