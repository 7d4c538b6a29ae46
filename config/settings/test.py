"""Settings of the test suite: real servers, quick hashes, mail kept in memory."""

from __future__ import annotations

import os

os.environ.setdefault("CANDY_LOG_FORMAT", "text")
os.environ.setdefault("CANDY_LOG_LEVEL", "WARNING")

from config.settings.base import *  # noqa: F403

DEBUG = False
SECRET_KEY = "test-only-" + "x" * 50
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CANDY_POOL_SIZE = 1
CANDY_MASTER_KEY = "5e" * 32
CANDY_OUTBOUND_ALLOW = []
