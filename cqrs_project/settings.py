"""Django's settings. What differs between installations comes from `cqrs_project.environment`, checked at start."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from cqrs.eventlog.patient_connection import PatientConnection
from cqrs.web.json_logs import logging_config
from cqrs.web.openapi_settings import spectacular_settings
from cqrs.web.security_headers import add_static_headers
from cqrs_project.environment import read_environment

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = read_environment()

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
APP_ID = ENVIRONMENT.app_id
METRICS_PORT = ENVIRONMENT.metrics_port

INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "cqrs",
    "cqrs.eventlog",
    "cqrs.web",
    "users_command",
    "users_query",
    "cqrs_project",
]

MIDDLEWARE = [
    "cqrs.web.request_context.RequestContextMiddleware",
    "cqrs.web.unread_body.UnreadBodyMiddleware",
    "cqrs.web.access_log.AccessLogMiddleware",
    "cqrs.web.error_pages.ProblemPagesMiddleware",
    "cqrs.web.security_headers.SecurityHeadersMiddleware",
    "cqrs.web.allowed_host.AllowedHostMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
]

ROOT_URLCONF = "cqrs_project.urls"
WSGI_APPLICATION = "cqrs_project.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **dict(parse_qsl(parts.query)),
            # By default a lost connection is sought again after 1, 2, 4 … 128 s, however soon the server is back.
            "pool": {
                "connection_class": PatientConnection,
                "min_size": 1,
                "max_size": ENVIRONMENT.postgres_pool_size,
                "timeout": 2.0,
                "reconnect_timeout": 2.0,
            },
            # The statements of this application are few, long and always the same: the server parses and plans each of
            # them once a connection, not once a request.
            "server_side_binding": True,
            "prepare_threshold": 3,
            "connect_timeout": 2,
            "tcp_user_timeout": 10_000,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "application_name": f"cqrs {ENVIRONMENT.app_id}",
            # The server ends whoever freezes within a transaction, so that nobody waits for its locks for ever. Whoever
            # waits for a lock is told before a request loses patience, and gives back his connection; a statement for
            # which nobody waits any more is ended.
            "options": "-c idle_in_transaction_session_timeout=15s -c statement_timeout=60s -c lock_timeout=3s"
            " -c client_connection_check_interval=1s"
            " -c tcp_user_timeout=15s -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c timezone=UTC",
        },
    }


DATABASES = {"default": _database(ENVIRONMENT.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_ROOT = BASE_DIR / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_INDEX_FILE = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ADD_HEADERS_FUNCTION = add_static_headers

DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "cqrs.web.problem.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["cqrs.web.renderers.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["cqrs.web.parsers.JsonParser"],
}

SPECTACULAR_SETTINGS = spectacular_settings(
    title="CQRS with PostgreSQL and MongoDB",
    version="1",
    description="Commands write users and events to PostgreSQL; a projector turns them into documents in MongoDB.",
)

LOGGING = logging_config(ENVIRONMENT.log_format, ENVIRONMENT.log_level)
LOGGING_CONFIG = "logging.config.dictConfig"

SILENCED_SYSTEM_CHECKS: list[str] = []
