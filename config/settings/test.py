"""Settings of the test suite: real servers, quick hashes, mail kept in memory."""

from __future__ import annotations

import os

os.environ.setdefault("CANDY_LOG_FORMAT", "text")
os.environ.setdefault("CANDY_LOG_LEVEL", "WARNING")

# Parallel workers of pytest keep out of each other's way: a numbered database each. What a test
# starts inherits the address as it is by then.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
_redis = os.environ.get("REDIS_URL", "")
if _worker and _redis.endswith("/0") and not os.environ.get("CANDY_TEST_WORKER"):
    os.environ["REDIS_URL"] = f"{_redis[:-1]}{1 + int(_worker.removeprefix('gw')) % 15}"
    os.environ["CANDY_TEST_WORKER"] = _worker

from config.settings.base import *  # noqa: F403

DEBUG = False
SECRET_KEY = "test-only-" + "x" * 50
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CANDY_POOL_SIZE = 1
CANDY_MASTER_KEY = "5e" * 32
CANDY_OUTBOUND_ALLOW = []
# Channels' messages know no numbered databases.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [REDIS_URL],
            "prefix": f"candy-live{os.environ.get('CANDY_DB_NAME', '')}{_worker}",
        },
    }
}
