"""Settings, all of them. Each variable is described in docs/settings.md, which a test holds against this file."""

import os
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured
from kombu import Exchange, Queue
from redis.backoff import NoBackoff
from redis.retry import Retry

from sentinel import tls
from sentinel.env import (
    env_address,
    env_base_url,
    env_bool,
    env_choice,
    env_choices,
    env_database,
    env_email,
    env_file,
    env_int,
    env_ints,
    env_levels,
    env_limits,
    env_list,
    env_networks,
    env_nodes,
    env_origins,
    env_secret,
    env_secrets,
    env_str,
)
from sentinel.ops import queues

django_stubs_ext.monkeypatch()  # lets ModelAdmin[Account] be written, which mypy asks for

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env_str("SENTINEL_VAR_DIR") or BASE_DIR / "var")

# -- what kind of start this is
DEBUG = env_bool("SENTINEL_DEBUG", False)
DEVELOPMENT = env_bool("SENTINEL_DEVELOPMENT", False)  # a demo or a test on loopback, without TLS
SECRET_KEY = env_secret("SENTINEL_SECRET_KEY")
ALLOWED_HOSTS = env_list("SENTINEL_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
TRUSTED_PROXIES = env_list("FORWARDED_ALLOW_IPS", ["127.0.0.1", "::1"])  # gunicorn and uvicorn read it themselves
CSRF_TRUSTED_ORIGINS = env_list("SENTINEL_CSRF_TRUSTED_ORIGINS", [])

# -- the house
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # for its templates, some of which are ours
    "sentinel.apps.SentinelAdminConfig",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_results",
    "django_celery_beat",
    "csp",
    "django_htmx",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
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
    "sentinel.ops.measuring.measured",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.viewers_zone.viewers_zone",
]
ROOT_URLCONF = "sentinel.urls"
ASGI_APPLICATION = "sentinel.asgi.application"
WSGI_APPLICATION = "sentinel.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
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
CA_FILE = env_file("SENTINEL_CA_FILE")  # who vouches for the certificates of PostgreSQL, Redis and RabbitMQ
PLAIN_LINES = env_choices("SENTINEL_PLAIN_LINES", *tls.LINES)  # that may go without TLS outside development
_RUNTIME_DATABASE = env_database("DATABASE_URL", CA_FILE)
_OWNS_DATABASE = env_str("SENTINEL_DB_ROLE") == "owner"
RUNTIME_DATABASE_USER: str = str(_RUNTIME_DATABASE["USER"])
RUNTIME_DATABASE_PASSWORD: str = str(_RUNTIME_DATABASE["PASSWORD"])
RUNTIME_DATABASE_TLS: dict[str, str] = dict(_RUNTIME_DATABASE["OPTIONS"])
DATABASES = {"default": env_database("DATABASE_OWNER_URL", CA_FILE) if _OWNS_DATABASE else _RUNTIME_DATABASE}
DATABASE_PATIENCE_SECONDS = 1  # how long a request waits for a connection before it is answered 503
if env_bool("SENTINEL_DB_POOL", False):
    # Under ASGI each request runs in a thread of its own: without a pool connections would pile up.
    DATABASES["default"]["OPTIONS"] |= {
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
REDIS_URL = tls.redis_address(env_secret("REDIS_URL", "redis://127.0.0.1:6379/0"), CA_FILE)
REDIS_CLUSTER = env_nodes("SENTINEL_REDIS_CLUSTER")  # nodes that know its layout; empty: REDIS_URL is one Redis
CACHES: dict[str, Any] = {
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
if REDIS_CLUSTER:
    CACHES["default"]["OPTIONS"]["CONNECTION_FACTORY"] = "sentinel.ops.redis_cluster.CacheConnections"
REDIS_KEY_PREFIX = env_str("SENTINEL_REDIS_PREFIX", "sentinel")
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"  # an emptied cache logs nobody out
CELERY_BROKER_URL = env_secret("BROKER_URL") or env_secret("REDIS_URL", REDIS_URL)
if urlsplit(CELERY_BROKER_URL)[1] == urlsplit(REDIS_URL)[1] and REDIS_CLUSTER:
    raise ImproperlyConfigured("Celery keeps no messages in a cluster: let BROKER_URL lead to RabbitMQ.")
CELERY_BROKER_USE_SSL = tls.broker_options(CELERY_BROKER_URL, CA_FILE)
_HAS_RABBITMQ = CELERY_BROKER_URL.startswith("amqp")
QUEUE_TYPE = env_str("SENTINEL_QUEUE_TYPE", "quorum")
if QUEUE_TYPE not in {"quorum", "classic"}:
    raise ImproperlyConfigured(f"SENTINEL_QUEUE_TYPE must be quorum or classic, not {QUEUE_TYPE!r}.")
# A message that its workers do not survive is dropped in the end; what it was about is found again in PostgreSQL.
_QUORUM = {"x-queue-type": "quorum", "x-delivery-limit": 10}
_QUEUE_ARGUMENTS = _QUORUM if _HAS_RABBITMQ and QUEUE_TYPE == "quorum" else {}
CELERY_TASK_QUEUES = [
    Queue(name, Exchange("sentinel"), routing_key=name, queue_arguments=_QUEUE_ARGUMENTS) for name in queues.NAMES
]
CELERY_TASK_DEFAULT_QUEUE = CELERY_TASK_DEFAULT_ROUTING_KEY = queues.TASKS
CELERY_TASK_DEFAULT_EXCHANGE = "sentinel"
CELERY_TASK_ROUTES = {"webhooks.tasks.deliveries_send": {"queue": queues.DELIVERIES}}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True  # with the task's name
CELERY_RESULT_EXPIRES = 24 * 3600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"confirm_publish": True}
    if _HAS_RABBITMQ
    else {"visibility_timeout": 600, "socket_connect_timeout": 3, "socket_timeout": 10, "socket_keepalive": True}
)
CELERY_BROKER_NATIVE_DELAYED_DELIVERY_QUEUE_TYPE = "classic"  # declared by Celery, used by nobody here
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "expire-holds": {"task": "ledger.tasks.holds_expire", "schedule": 60.0, "options": {"expires": 60}},
    "continue-label-imports": {
        "task": "ledger.tasks.label_imports_continue",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "sample-approved": {"task": "ledger.tasks.approved_sample", "schedule": 60.0, "options": {"expires": 60}},
    "forget-keys": {"task": "ledger.tasks.keys_forget", "schedule": 3600.0, "options": {"expires": 3600}},
    "continue-list-imports": {
        "task": "rules.list_tasks.list_imports_continue",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "expire-list-items": {"task": "rules.list_tasks.list_items_expire", "schedule": 60.0, "options": {"expires": 60}},
    "tally-rules": {"task": "rules.tasks.rules_tally", "schedule": 60.0, "options": {"expires": 60}},
    "end-break-glass": {"task": "rules.tasks.glass_expire", "schedule": 60.0, "options": {"expires": 60}},
    "ensure-entities": {"task": "scoring.tasks.entities_ensure", "schedule": 20.0, "options": {"expires": 20}},
    "tell-labels": {"task": "scoring.tasks.entity_labels_tell", "schedule": 15.0, "options": {"expires": 15}},
    "score-by-challengers": {
        "task": "scoring.tasks.challengers_score",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "resume-simulations": {"task": "rules.tasks.simulations_resume", "schedule": 60.0, "options": {"expires": 60}},
    "end-policy-break-glass": {
        "task": "scoring.tasks.policy_glass_expire",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "count-policy-on-trial": {
        "task": "scoring.tasks.policy_trial_count",
        "schedule": 6 * 3600.0,
        "options": {"expires": 3600},
    },
    "watch-models": {"task": "scoring.tasks.models_watch", "schedule": 3600.0, "options": {"expires": 3600}},
    "brake-model": {"task": "scoring.tasks.model_brake_check", "schedule": 300.0, "options": {"expires": 300}},
    "continue-jobs": {"task": "scoring.tasks.jobs_continue", "schedule": 30.0, "options": {"expires": 30}},
    "expire-jobs": {"task": "scoring.tasks.jobs_expire", "schedule": 3600.0, "options": {"expires": 3600}},
    "watch-data-quality": {
        "task": "scoring.tasks.data_quality_watch",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "forget-data-quality": {
        "task": "scoring.tasks.data_quality_forget",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "write-reconciliation": {
        "task": "ledger.tasks.reconciliation_write",
        "schedule": 900.0,
        "options": {"expires": 900},
    },
    "retrain-model": {"task": "scoring.tasks.model_retrain", "schedule": 3600.0, "options": {"expires": 3600}},
    "forget-deliveries": {
        "task": "webhooks.tasks.deliveries_forget",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "forget-endpoint-secrets": {
        "task": "webhooks.tasks.endpoint_secrets_forget",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "prune-sessions": {"task": "dashboard.tasks.sessions_prune", "schedule": 3600.0, "options": {"expires": 3600}},
    "fill-facts": {"task": "dashboard.tasks.facts_fill", "schedule": 60.0, "options": {"expires": 60}},
    "watch-system": {"task": "dashboard.tasks.system_watch", "schedule": 60.0, "options": {"expires": 60}},
    "forget-monitoring": {
        "task": "dashboard.tasks.monitoring_forget",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "prune-tokens": {"task": "ledger.tasks.tokens_prune", "schedule": 3600.0, "options": {"expires": 3600}},
    "send-mails": {"task": "webhooks.tasks.mails_send", "schedule": 10.0, "options": {"expires": 10}},
}

# -- secrets at rest: the first key encrypts, all of them decrypt (sentinel.ops.secret_box)
ENCRYPTION_KEYS = env_secrets("SENTINEL_ENCRYPTION_KEYS") or [env_secret("SENTINEL_WEBHOOK_KEY") or SECRET_KEY]

# -- people
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "dashboard.passwords.AnotherThanBefore"},
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_HANDLER = "dashboard.lockouts.LogInHandler"
AXES_CLIENT_IP_CALLABLE = "dashboard.lockouts.client_address"
AXES_FAILURE_LIMIT = env_int("SENTINEL_LOGIN_FAILURES", 5, minimum=1)  # of one name from one address
AXES_COOLOFF_TIME = timedelta(minutes=env_int("SENTINEL_LOGIN_LOCK_MINUTES", 15, minimum=1))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # or whoever goes on trying locks a person out for good
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
SILENCED_SYSTEM_CHECKS = ["axes.W002", "axes.W006"]  # the log-in page says it itself; addresses are counted too
# Of people who work in the Admin: a code after the password.
SECOND_FACTOR = env_choice(
    "SENTINEL_SECOND_FACTOR", "optional" if DEVELOPMENT else "required", "required", "optional"
)
OTP_TOTP_ISSUER = "SentinelStream"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

# -- mails
_EMAIL = env_email("SENTINEL_EMAIL_URL", "console:" if DEVELOPMENT else "")
EMAIL_BACKEND: str = _EMAIL["EMAIL_BACKEND"]
EMAIL_HOST: str = _EMAIL.get("EMAIL_HOST", "")
EMAIL_PORT: int = _EMAIL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER: str = _EMAIL.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD: str = _EMAIL.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS: bool = _EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL: bool = _EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10  # seconds, for each answer of the server
DEFAULT_FROM_EMAIL = env_address("SENTINEL_EMAIL_FROM", "SentinelStream <sentinel@localhost>")
PUBLIC_URL = env_base_url("SENTINEL_PUBLIC_URL", "http://127.0.0.1:8000")

# -- static files: everything is served from here, nothing from elsewhere
# WhiteNoise reads files as it would without asyncio, which Django warns of each time.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    # Files that are scored: all web processes and workers see the same.
    "jobs": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": env_str("SENTINEL_JOB_DIR") or VAR_DIR / "jobs"},
    },
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
SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz|health|services/status|metrics)$"]
SECURE_HSTS_SECONDS = 0 if DEVELOPMENT else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEVELOPMENT
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEVELOPMENT
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_HTTPONLY = True  # forms carry the token themselves
if not DEVELOPMENT:  # browsers hold such cookies to this host and to TLS
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"

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
    "WEBHOOKS": [
        f"webhooks.api.outgoing.{name}"
        for name in ("DECIDED", "CHANGED", "REVERSED", "CASE", "ALARM", "FRAUD", "TEST")
    ],
    # None that names choices: they stay where they are used, since names made up for them would move.
    "POSTPROCESSING_HOOKS": [
        "sentinel.api.documentation.refusals_of_bodies",
        "webhooks.api.outgoing.events_apart",
    ],
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
API_KEYS_MAX = env_int("SENTINEL_API_KEYS_MAX", 20, minimum=2)  # of a client, that work at once; two in a rotation
CORS_ORIGINS = env_origins("SENTINEL_CORS_ORIGINS")  # whose pages may call the API
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

# -- deciding
SEAL_DIR = Path(env_str("SENTINEL_SEAL_DIR") or VAR_DIR / "seal")  # the heads of the seal, and the public key
SEAL_KEY_DIR = env_str("SENTINEL_SEAL_KEY_DIR")  # the key that signs them; empty: in the folder of the heads
MODEL_DIR = Path(env_str("SENTINEL_MODEL_DIR") or VAR_DIR / "models")
HOLD_DAYS = env_int("SENTINEL_HOLD_DAYS", 7, minimum=1)  # an unreviewed hold expires after this
GROUP_MAX = env_int("SENTINEL_GROUP_MAX", 64, minimum=1)  # payments written by one database transaction
WAITING_MAX = env_int("SENTINEL_WAITING_MAX", 1000, minimum=1)  # per web process; beyond it: 503 at once
DECISION_DEADLINE_MS = env_int("SENTINEL_DECISION_DEADLINE_MS", 3000, minimum=1)
KEY_DAYS = env_int("SENTINEL_KEY_DAYS", 30, minimum=1)  # how long an idempotency key is remembered
LABEL_MATURITY_DAYS = env_int("SENTINEL_LABEL_MATURITY_DAYS", 7)  # then an approved payment counts as good
LABEL_IMPORT_BYTES_MAX = env_int("SENTINEL_LABEL_IMPORT_BYTES_MAX", 32 * 1024 * 1024, minimum=1)  # unpacked
LABEL_IMPORT_LINES_MAX = env_int("SENTINEL_LABEL_IMPORT_LINES_MAX", 100_000, minimum=1)
SAMPLED_PER_MILLE = env_int("SENTINEL_SAMPLED_PER_MILLE", 1)  # of approved payments, for a review without a hold
REPORTING_CURRENCY = env_str("SENTINEL_REPORTING_CURRENCY", "INR")  # what money of all currencies is told in
OCCURRED_AT_TOLERANCE_HOURS = env_int("SENTINEL_OCCURRED_AT_TOLERANCE_HOURS", 24)

# -- how rules fare
RULE_COST_SAMPLE = env_int("SENTINEL_RULE_COST_SAMPLE", 256, minimum=1)  # of so many payments one is timed
RULE_COST_BUDGET_US = env_int("SENTINEL_RULE_COST_BUDGET_US", 200, minimum=1)
RULE_DEAD_DAYS = env_int("SENTINEL_RULE_DEAD_DAYS", 30, minimum=1)
RULE_NOISY_PERCENT = env_int("SENTINEL_RULE_NOISY_PERCENT", 10)
BRAKE_FACTOR = env_int("SENTINEL_BRAKE_FACTOR", 5, minimum=1)  # how many times the simulated volume is borne
BRAKE_HITS_MIN = env_int("SENTINEL_BRAKE_HITS_MIN", 20, minimum=1)

# -- how models fare
MODEL_BRAKE_PAYMENTS_MIN = env_int("SENTINEL_MODEL_BRAKE_PAYMENTS_MIN", 500, minimum=1)
RETRAIN_DAYS = env_int("SENTINEL_RETRAIN_DAYS", 7)  # 0: never by itself

# -- data quality
QUALITY_DAYS = env_int("SENTINEL_QUALITY_DAYS", 90, minimum=15)  # how long counts are kept
REFUSED_KEPT = env_int("SENTINEL_REFUSED_KEPT", 200, minimum=1)  # the last refused requests of each client
REFUSED_DAYS = env_int("SENTINEL_REFUSED_DAYS", 7, minimum=1)

# -- beside the bank's core ledger
RECONCILIATION_DIR = env_str("SENTINEL_RECONCILIATION_DIR", "")  # empty: no file is written by itself

# -- lists
LIST_IMPORT_BYTES_MAX = env_int("SENTINEL_LIST_IMPORT_BYTES_MAX", 64 * 1024 * 1024, minimum=1)
LIST_IMPORT_LINES_MAX = env_int("SENTINEL_LIST_IMPORT_LINES_MAX", 1_000_000, minimum=1)
# More within a day take a second person. The database keeps 1,000 (the trigger imported_alone): not more than that.
LIST_IMPORT_APPROVAL_LINES = env_int("SENTINEL_LIST_IMPORT_APPROVAL_LINES", 1_000, maximum=1_000)

# -- what leaves
# The waits before each try; after the last one nothing is tried any more until somebody sends again.
WEBHOOK_SCHEDULE_SECONDS = env_ints("SENTINEL_WEBHOOK_SCHEDULE_SECONDS", [0, 5, 300, 1800, 7200, 18000, 36000, 36000])
WEBHOOK_TIMEOUT_SECONDS = env_int("SENTINEL_WEBHOOK_TIMEOUT_SECONDS", 15, minimum=1, maximum=30)
# A worker or a message that says nothing for so long is taken as lost.
WEBHOOK_LEASE_SECONDS = env_int(
    "SENTINEL_WEBHOOK_LEASE_SECONDS", max(60, 3 * WEBHOOK_TIMEOUT_SECONDS), minimum=3 * WEBHOOK_TIMEOUT_SECONDS
)
WEBHOOK_DISABLE_DAYS = env_int("SENTINEL_WEBHOOK_DISABLE_DAYS", 5, minimum=1)
WEBHOOK_OVERLAP_HOURS = env_int("SENTINEL_WEBHOOK_OVERLAP_HOURS", 24)
DELIVERY_DAYS = env_int("SENTINEL_DELIVERY_DAYS", 30, minimum=1)  # how long the log is kept
WEBHOOK_ENDPOINTS_MAX = env_int("SENTINEL_WEBHOOK_ENDPOINTS_MAX", 20, minimum=1)  # per client

# -- files that are scored
JOB_BYTES_MAX = env_int("SENTINEL_JOB_BYTES_MAX", 2 * 1024**3, minimum=1)  # unpacked
JOB_ROWS_MAX = env_int("SENTINEL_JOB_ROWS_MAX", 50_000_000, minimum=1)
JOB_PART_BYTES = env_int("SENTINEL_JOB_PART_BYTES", 1024 * 1024, minimum=1)
JOB_TASKS_MAX = env_int("SENTINEL_JOB_TASKS_MAX", 8, minimum=1)  # parts of one job that workers score at once
JOB_LEASE_SECONDS = env_int("SENTINEL_JOB_LEASE_SECONDS", 60, minimum=2)
JOB_DAYS = env_int("SENTINEL_JOB_DAYS", 30, minimum=1)  # how long results are kept

# -- logs and monitoring
LOG_FORMAT = env_choice("SENTINEL_LOG_FORMAT", "plain" if DEVELOPMENT else "json", "json", "plain")
REQUEST_LOG = env_choice("SENTINEL_REQUEST_LOG", "unusual" if DEVELOPMENT else "all", "all", "unusual", "none")
_QUIET = {"django.request": "ERROR", "httpx": "WARNING", "axes": "WARNING"}
LOG_LEVELS = env_levels("SENTINEL_LOG_LEVELS")
METRICS_NETWORKS = env_networks("SENTINEL_METRICS_NETWORKS", ["127.0.0.0/8", "::1/128"])
MONITORING_DAYS = env_int("SENTINEL_MONITORING_DAYS", 30, minimum=1)  # how long calls, warnings and figures are kept
CALL_SAMPLE = env_int("SENTINEL_CALL_SAMPLE", 1)  # of so many calls that went well one is kept; 0: none
MONITORING_LIMITS = env_limits("SENTINEL_MONITORING_LIMITS")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"told": {"()": "sentinel.ops.log_format.formatter", "log_format": LOG_FORMAT}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "told"}},
    "root": {"handlers": ["stderr"], "level": env_str("SENTINEL_LOG_LEVEL", "INFO")},
    "loggers": {name: {"level": level} for name, level in (_QUIET | LOG_LEVELS).items()},
}

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers on two cores must not fight over threads
