"""Settings, all of them. Each variable is described in docs/settings.md, which a test holds against this file."""

import os
import warnings
from datetime import timedelta
from pathlib import Path

import django_stubs_ext
from redis.backoff import NoBackoff
from redis.retry import Retry

from sentinel.env import env_bool, env_database, env_int, env_list, env_secret, env_str

django_stubs_ext.monkeypatch()  # lets ModelAdmin[Account] be written, which mypy asks for

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env_str("SENTINEL_VAR_DIR") or BASE_DIR / "var")

# -- what kind of start this is
DEBUG = env_bool("SENTINEL_DEBUG", False)
DEVELOPMENT = env_bool("SENTINEL_DEVELOPMENT", False)  # a demo or a test on loopback, without TLS
SECRET_KEY = env_secret("SENTINEL_SECRET_KEY")
ALLOWED_HOSTS = env_list("SENTINEL_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env_list("SENTINEL_CSRF_TRUSTED_ORIGINS", [])

# -- the house
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "sentinel.apps.SentinelAdminConfig",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_results",
    "csp",
    "sentinel.apps.SentinelConfig",
    "sentinel.api",
    "sentinel.ops",
    "ledger",
    "rules",
    "scoring",
    "webhooks",
    "dashboard",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "sentinel.urls"
ASGI_APPLICATION = "sentinel.asgi.application"
WSGI_APPLICATION = "sentinel.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# -- database: the runtime role decides and records; the owner role migrates, makes partitions and runs tests
_RUNTIME_DATABASE = env_database("DATABASE_URL")
_OWNS_DATABASE = env_str("SENTINEL_DB_ROLE") == "owner"
RUNTIME_DATABASE_USER: str = str(_RUNTIME_DATABASE["USER"])
RUNTIME_DATABASE_PASSWORD: str = str(_RUNTIME_DATABASE["PASSWORD"])
DATABASES = {"default": env_database("DATABASE_OWNER_URL") if _OWNS_DATABASE else _RUNTIME_DATABASE}
DATABASE_PATIENCE_SECONDS = 1  # how long a request waits for a connection before it is answered 503
if env_bool("SENTINEL_DB_POOL", False):
    # Under ASGI each request runs in a thread of its own: without a pool connections would pile up.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 2,
        # A page's query is over before a parallel worker would have started.
        "options": "-c max_parallel_workers_per_gather=0",
        "pool": {
            "min_size": 1,
            "max_size": env_int("SENTINEL_DB_POOL_SIZE", 8, minimum=1),
            "timeout": DATABASE_PATIENCE_SECONDS,
        },
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = False

RECORDING_CONNECTIONS_MAX = env_int("SENTINEL_RECORDING_CONNECTIONS", 6, minimum=1)  # per web process

# -- cache, sessions, broker
REDIS_URL = env_secret("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "sentinel",
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 0.5,
            "SOCKET_TIMEOUT": 0.5,
            # A dead cache costs one time-out per look-up, not a series of retries.
            "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 0)},
        },
    }
}
REDIS_KEY_PREFIX = env_str("SENTINEL_REDIS_PREFIX", "sentinel")
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"  # an emptied cache logs nobody out
CELERY_BROKER_URL = env_secret("BROKER_URL", REDIS_URL)
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"confirm_publish": True} if CELERY_BROKER_URL.startswith("amqp") else {"visibility_timeout": 600}
)
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "expire-holds": {"task": "ledger.tasks.holds_expire", "schedule": 60.0, "options": {"expires": 60}},
    "forget-keys": {"task": "ledger.tasks.keys_forget", "schedule": 3600.0, "options": {"expires": 3600}},
    "prune-tokens": {"task": "ledger.tasks.tokens_prune", "schedule": 3600.0, "options": {"expires": 3600}},
}

# -- people
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

# -- static files: everything is served from here, nothing from elsewhere
# WhiteNoise reads files as it would without asyncio, which Django warns of each time.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}

# -- transport and browser security
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = not DEVELOPMENT
SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz|health|services/status)$"]
SECURE_HSTS_SECONDS = 0 if DEVELOPMENT else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEVELOPMENT
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEVELOPMENT
SESSION_COOKIE_AGE = 12 * 3600

# -- API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["sentinel.api.authentication.GatewayAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["sentinel.api.scopes.HasScopes"],
    "DEFAULT_THROTTLE_CLASSES": ["sentinel.api.rate_limit.ClientRateThrottle"],
    "DEFAULT_PARSER_CLASSES": ["sentinel.api.parsing.StrictJsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["sentinel.api.rendering.JsonRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "sentinel.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SentinelStream API",
    "VERSION": "1.0.0",
    "DESCRIPTION": "Decides payments, explains each decision and keeps the ledger.",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [],  # choices stay where they are used: names made up for them would move
}
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": env_secret("SENTINEL_JWT_KEY") or SECRET_KEY,
    "ISSUER": "sentinelstream",
    "AUDIENCE": "sentinelstream-api",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=10),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
}
API_KEY_PEPPER = env_secret("SENTINEL_API_KEY_PEPPER") or SECRET_KEY
API_BODY_BYTES_MAX = env_int("SENTINEL_API_BODY_BYTES_MAX", 64 * 1024)
API_BULK_BYTES_MAX = env_int("SENTINEL_API_BULK_BYTES_MAX", 4 * 1024 * 1024)  # of transactions/bulk and score
API_RATE_DEFAULT = env_str("SENTINEL_API_RATE", "1000/s")  # requests per client and window, unless it has its own
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

# -- deciding
MODEL_DIR = Path(env_str("SENTINEL_MODEL_DIR") or VAR_DIR / "models")
HOLD_DAYS = env_int("SENTINEL_HOLD_DAYS", 7, minimum=1)  # an unreviewed hold expires after this
GROUP_MAX = env_int("SENTINEL_GROUP_MAX", 64, minimum=1)  # payments written by one database transaction
WAITING_MAX = env_int("SENTINEL_WAITING_MAX", 1000, minimum=1)  # per web process; beyond it: 503 at once
DECISION_DEADLINE_MS = env_int("SENTINEL_DECISION_DEADLINE_MS", 3000, minimum=1)
KEY_DAYS = env_int("SENTINEL_KEY_DAYS", 30, minimum=1)  # how long an idempotency key is remembered
OCCURRED_AT_TOLERANCE_HOURS = env_int("SENTINEL_OCCURRED_AT_TOLERANCE_HOURS", 24)

# -- logs
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": env_str("SENTINEL_LOG_LEVEL", "INFO")},
    "loggers": {"django.request": {"level": "ERROR"}, "httpx": {"level": "WARNING"}},
}

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers on two cores must not fight over threads
