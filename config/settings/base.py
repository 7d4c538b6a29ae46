"""Settings that hold everywhere. What differs by place is in local.py, test.py and production.py."""

from __future__ import annotations

from typing import Any

from csp.constants import NONCE, NONE, SELF

from config.env import (
    BASE_DIR,
    database_from_url,
    env_bool,
    env_choice,
    env_float,
    env_int,
    env_json_by_suffix,
    env_list,
    env_str,
    load_env_files,
    var_dir,
)
from config.observability import logging_config, start_sentry
from config.storage import media_storage, upload_origins

load_env_files(BASE_DIR / ".env", var_dir() / "runtime.env")

from config.settings.api import *  # noqa: F403  reads the environment loaded above
from config.settings.people import *  # noqa: F403
from config.settings.people import CANDY_SIGN_IN_ORIGINS
from config.settings.staff import *  # noqa: F403

VAR_DIR = var_dir()
CANDY_VERSION = "0.1.0"

# --- Apps. An app is wholly shared (schema public) or wholly of a workspace (its own schema). ----

SHARED_APPS = [
    "apps.workspaces",  # before django_tenants: its `migrate` command replaces theirs
    "unfold.apps.BasicAppConfig",  # before django_tenants, which has an app_list.html of its own
    "django_tenants",
    "apps.accounts",
    "apps.billing",
    "apps.website",
    "apps.workspaces.staff.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.google",
    "allauth.mfa",
    "allauth.usersessions",
    "django_celery_beat",
    "django_htmx",
    "django_vite",
    "django_prometheus",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "csp",
]
TENANT_APPS = [
    "apps.orchestrator",
    "apps.studio",
    "apps.integrations",
    "apps.media",
    "apps.knowledge",
    "apps.agents",
    "apps.pipelines",
    "apps.knisoci",
    "apps.sops",
]
INSTALLED_APPS = SHARED_APPS + TENANT_APPS

TENANT_MODEL = "workspaces.Workspace"
TENANT_DOMAIN_MODEL = "workspaces.Domain"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Requests ------------------------------------------------------------------------------------

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
ALLOWED_HOSTS = env_list("CANDY_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env_list("CANDY_CSRF_TRUSTED_ORIGINS")
CANDY_FIRST_PAGE = "start/"  # of a workspace: where somebody lands who has just made it
CANDY_PUBLIC_URL = env_str("CANDY_PUBLIC_URL", "http://localhost:8000").rstrip("/")

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "config.observability.RequestLogMiddleware",
    "config.health.OperationsMiddleware",  # before the checks of host and https: see its docstring
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pages, a quarter of their size. Django pads each answer at random, and tokens are masked.
    "config.compression.TextGZipMiddleware",
    "apps.workspaces.tenancy.middleware.PublicAtStartMiddleware",
    "apps.workspaces.middleware.OriginMiddleware",
    "apps.workspaces.middleware.CustomDomainMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "apps.workspaces.tenancy.middleware.WorkspaceMiddleware",
    "apps.studio.middleware.DomainErrorMiddleware",
    "apps.accounts.middleware.PersonMiddleware",  # after the door, which has loaded the person
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            # `{% url %}` that puts the workspace's slug back in.
            "builtins": ["apps.workspaces.templatetags.workspace_urls"],
        },
    }
]

# --- Data ----------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "apps.workspaces.tenancy.backend",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        **database_from_url(
            env_str("DATABASE_URL", f"postgresql://postgres@/candy?host={VAR_DIR}/postgres")
        ),
    }
}
# Threads that answer requests in one web process; each keeps a connection to the database.
CANDY_WEB_THREADS = env_int("CANDY_WEB_THREADS", 20, minimum=1)

REDIS_URL = env_str("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    # Keys carry the workspace; use for anything of a workspace.
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "apps.workspaces.tenancy.cache.workspace_key",
        "KEY_PREFIX": "candy",
    },
    # Keys are the installation's: sessions, people, rate limits, routing.
    "shared": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "candy-shared",
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_CACHE_ALIAS = "shared"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "candy-live"},
    }
}

# --- Background work -----------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Messages matter to nobody: what is lost is found again in PostgreSQL. So nothing waits for a broker
# that is away, and nothing is kept for one that comes back.
CELERY_TASK_ACKS_LATE = False
# Celery would close the connection to PostgreSQL around each message. The task minds its age itself.
CELERY_DB_REUSE_MAX = 10**9
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 30}

CANDY_DISPATCH_SECONDS = env_int("CANDY_DISPATCH_SECONDS", 15, minimum=1)
CANDY_JOB_LEASE_SECONDS = env_int("CANDY_JOB_LEASE_SECONDS", 30, minimum=2)
CANDY_KEEP_JOBS_DAYS = env_int("CANDY_KEEP_JOBS_DAYS", 30, minimum=1)
CANDY_KEEP_EVENTS_DAYS = env_int("CANDY_KEEP_EVENTS_DAYS", 180, minimum=1)
CANDY_QUEUE_AGE_ALERT_SECONDS = env_int("CANDY_QUEUE_AGE_ALERT_SECONDS", 60, minimum=1)
CANDY_LOG_FILE = env_str("CANDY_LOG_FILE", "")  # a JSON log that system.monitor_logs may read
CANDY_WORKER_GRACE_SECONDS = env_int("CANDY_WORKER_GRACE_SECONDS", 20, minimum=0)
CANDY_JOBS_WAITING_CAP = env_int("CANDY_JOBS_WAITING_CAP", 100_000, minimum=1)  # per workspace

# --- People --------------------------------------------------------------------------------------

EMAIL_BACKEND = env_str("CANDY_EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env_str("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env_str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env_str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", False)
DEFAULT_FROM_EMAIL = env_str("DEFAULT_FROM_EMAIL", "Candy <candy@localhost>")

# --- Words, time, files --------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# Dates, numbers and the framework's own sentences follow the person's choice.
LANGUAGES = [
    ("en", "English"),
    ("en-gb", "English (UK)"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("fr", "Français"),
    ("it", "Italiano"),
    ("nl", "Nederlands"),
    ("pt-br", "Português (Brasil)"),
]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "/static/"  # absolute: a relative one would freeze on the first workspace
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [path for path in (BASE_DIR / "static" / "dist",) if path.exists()]
# Built assets carry a digest in their names, so browsers keep them for good.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+$"
MEDIA_ROOT = VAR_DIR / "media"
MEDIA_URL = "/media/"
STORAGES: dict[str, dict[str, Any]] = {
    "default": media_storage(),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- Security ------------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF, *upload_origins()],
        "media-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF, *CANDY_SIGN_IN_ORIGINS],
        "frame-ancestors": [NONE],
    }
}

# --- Watching ------------------------------------------------------------------------------------

LOGGING = logging_config(
    json=env_choice("CANDY_LOG_FORMAT", ("json", "text"), "json") == "json",
    level=env_choice("CANDY_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
)
CANDY_METRICS_TOKEN = env_str("CANDY_METRICS_TOKEN", "")  # empty: /metrics for private addresses
PROMETHEUS_EXPORT_MIGRATIONS = False
PROMETHEUS_LATENCY_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
if SENTRY_DSN := env_str("CANDY_SENTRY_DSN", ""):
    start_sentry(
        dsn=SENTRY_DSN,
        environment=env_str("CANDY_ENVIRONMENT", "production"),
        release=CANDY_VERSION,
        traces_sample_rate=env_float("CANDY_SENTRY_TRACES", 0.0, minimum=0.0, maximum=1.0),
    )

# --- Candy ---------------------------------------------------------------------------------------

CANDY_OUTBOUND_ALLOW = env_list("CANDY_OUTBOUND_ALLOW")  # host:port pairs that may be private
CANDY_SANDBOX_URL = env_str("CANDY_SANDBOX_URL", "http://127.0.0.1:8070").rstrip("/")
# Candy's own apps at networks with central registration: CANDY_APP_X='{"client_id": …, "client_secret": …}'
CANDY_APPS = env_json_by_suffix("CANDY_APP_")
CANDY_POOL_SIZE = env_int("CANDY_POOL_SIZE", 3, minimum=0)  # schemas kept ready for new workspaces
CANDY_DELETE_AFTER_DAYS = 30
CANDY_MAX_IMAGE_BYTES = env_int("CANDY_MAX_IMAGE_BYTES", 25_000_000, minimum=1)
CANDY_MAX_VIDEO_BYTES = env_int("CANDY_MAX_VIDEO_BYTES", 4_000_000_000, minimum=1)
CANDY_MAX_DOCUMENT_BYTES = env_int("CANDY_MAX_DOCUMENT_BYTES", 100_000_000, minimum=1)
CANDY_MEDIA_BYTES_PER_WORKSPACE = env_int(
    "CANDY_MEDIA_BYTES_PER_WORKSPACE", 0, minimum=0
)  # 0: no cap
CANDY_UPLOAD_PART_BYTES = env_int(
    "CANDY_UPLOAD_PART_BYTES", 8_000_000, minimum=1
)  # S3: 5 MiB and more
CANDY_UPLOAD_HOURS = env_int("CANDY_UPLOAD_HOURS", 24, minimum=1)  # then what is unfinished goes
CANDY_TRASH_DAYS = env_int("CANDY_TRASH_DAYS", 30, minimum=1)
CANDY_FFMPEG = env_str("CANDY_FFMPEG", "")  # a program of your own; empty: the one in the wheel
# A browser for screenshots of what was approved; empty: on PATH, else the one `make run` gets; "off".
CANDY_CHROMIUM = env_str("CANDY_CHROMIUM", "")
# Networks fetch files from S3 itself; 0: through us, for those that ask with HEAD first.
CANDY_MEDIA_DIRECT = env_bool("CANDY_MEDIA_DIRECT", True)
CANDY_MEDIA_WORK_DIR = env_str("CANDY_MEDIA_WORK_DIR", "")  # empty: the system's temporary folder
CANDY_PUBLISH_TIMEOUT = env_int("CANDY_PUBLISH_TIMEOUT", 20, minimum=1)  # seconds for one call
# Networks say in their capability files how long a silent call may still arrive; tests are quicker.
CANDY_SETTLE_SCALE = env_float("CANDY_SETTLE_SCALE", 1.0, minimum=0.0, maximum=10.0)
# Models for every workspace, in order of trying: "openai:gpt-5-mini,anthropic:claude-haiku-4-5".
CANDY_LLM_MODELS = env_list("CANDY_LLM_MODELS")
CANDY_LLM_OPENAI_URL = env_str("CANDY_LLM_OPENAI_URL", "").rstrip("/")  # any compatible server
CANDY_LLM_OPENAI_KEY = env_str("CANDY_LLM_OPENAI_KEY", "")
CANDY_LLM_ANTHROPIC_KEY = env_str("CANDY_LLM_ANTHROPIC_KEY", "")
CANDY_LLM_GOOGLE_KEY = env_str("CANDY_LLM_GOOGLE_KEY", "")
CANDY_LLM_TIMEOUT = env_int("CANDY_LLM_TIMEOUT", 60, minimum=1)  # seconds for one answer
# 64 hexadecimal digits; during a rotation the old keys follow the new one, separated by spaces.
CANDY_MASTER_KEY = env_str("CANDY_MASTER_KEY", "")
CANDY_MASTER_KEY_FILE = env_str("CANDY_MASTER_KEY_FILE", str(VAR_DIR / "keys" / "master.key"))
# Instead: a key at AWS KMS, by id, alias or ARN. The endpoint is for what only speaks its protocol.
CANDY_KMS_KEY = env_str("CANDY_KMS_KEY", "")
CANDY_KMS_REGION = env_str("CANDY_KMS_REGION", "")
CANDY_KMS_ENDPOINT = env_str("CANDY_KMS_ENDPOINT", "")

DJANGO_VITE = {
    "default": {"manifest_path": BASE_DIR / "static" / "dist" / "manifest.json"},
}
