"""Django's settings. What differs between installations comes from `cqrs_project.environment`, checked at start."""

from pathlib import Path

from cqrs.web.json_logs import logging_config
from cqrs.web.openapi_settings import spectacular_settings
from cqrs.web.security_headers import add_static_headers
from cqrs_project.database_settings import database_settings
from cqrs_project.environment import read_environment

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = read_environment()

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
APP_ID = ENVIRONMENT.app_id
METRICS_PORT = ENVIRONMENT.metrics_port
OUTBOX_OPERATOR_TOKEN = ENVIRONMENT.operator_token

INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "cqrs",
    *([] if ENVIRONMENT.service else ["cqrs.eventlog"]),
    "cqrs.web",
    *([] if ENVIRONMENT.service else ["users_command", "users_query"]),
    "cqrs_project",
]

MIDDLEWARE = [
    "cqrs.web.request_context.RequestContextMiddleware",
    "cqrs.web.content_length.ContentLengthMiddleware",
    "cqrs.web.unread_body.UnreadBodyMiddleware",
    "cqrs.web.access_log.AccessLogMiddleware",
    "cqrs.web.error_pages.ProblemPagesMiddleware",
    "cqrs.web.security_headers.SecurityHeadersMiddleware",
    "cqrs.web.allowed_host.AllowedHostMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
]

ROOT_URLCONF = "cqrs_project.lone_urls" if ENVIRONMENT.service else "cqrs_project.urls"
WSGI_APPLICATION = "cqrs_project.wsgi.application"
APPEND_SLASH = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]

TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

DATABASES = (
    {}
    if ENVIRONMENT.database_url is None
    else {
        "default": database_settings(
            ENVIRONMENT.database_url, app_id=ENVIRONMENT.app_id, pool_size=ENVIRONMENT.postgres_pool_size
        )
    }
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

STATIC_URL = "/static/"
# The page is that of the whole application; a service alone has Swagger UI.
STATICFILES_DIRS = [] if ENVIRONMENT.service else [BASE_DIR / "static"]
WHITENOISE_ROOT = None if ENVIRONMENT.service else BASE_DIR / "static"
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
    description="Commands write users and events to PostgreSQL; a projector turns them into documents in MongoDB. "
    "Services beside it meet through topics of the broker.",
)
if ENVIRONMENT.service:
    SPECTACULAR_SETTINGS |= {"TITLE": f"The service {ENVIRONMENT.service}", "DESCRIPTION": "", "TAGS": []}

LOGGING = logging_config(ENVIRONMENT.log_format, ENVIRONMENT.log_level)
LOGGING_CONFIG = "logging.config.dictConfig"

SILENCED_SYSTEM_CHECKS: list[str] = []
