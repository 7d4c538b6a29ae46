"""Production: refuses to start without its secrets, passes ``check --deploy``."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from config.env import env_bool, env_int, env_list, env_str
from config.settings.base import *  # noqa: F403

DEBUG = False

# --- What must be given. Each is read here without a default, so that a start fails by its name. --

SECRET_KEY = env_str("SECRET_KEY")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY is too short: give at least 50 random characters.")
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")  # the old ones while a new one comes in
for _name in ("DATABASE_URL", "REDIS_URL", "CANDY_MASTER_KEY", "CANDY_PUBLIC_URL"):
    env_str(_name)
ALLOWED_HOSTS = env_list("CANDY_ALLOWED_HOSTS")
if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("Set CANDY_ALLOWED_HOSTS to the host names that people use.")
if not CANDY_PUBLIC_URL.startswith("https://"):
    raise ImproperlyConfigured("CANDY_PUBLIC_URL must begin with https:// in production.")

# --- TLS ends at a proxy in front, which sets X-Forwarded-Proto and removes one sent by a client. --

if env_bool("CANDY_BEHIND_PROXY", True):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env_bool("CANDY_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = env_int("CANDY_HSTS_SECONDS", 31536000, minimum=0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env_bool("CANDY_HSTS_SUBDOMAINS", True)
SECURE_HSTS_PRELOAD = env_bool("CANDY_HSTS_PRELOAD", True)
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-candy-session"  # the prefix ties it to this host and to https
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-candy-csrf"
CSRF_TRUSTED_ORIGINS = env_list("CANDY_CSRF_TRUSTED_ORIGINS", [CANDY_PUBLIC_URL])
CONTENT_SECURITY_POLICY["DIRECTIVES"]["upgrade-insecure-requests"] = True

CANDY_STAFF_NEEDS_MFA = env_bool("CANDY_STAFF_NEEDS_MFA", True)
