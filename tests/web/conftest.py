"""The edge alone: its middleware around the tiny application of `tests.web.urls`."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from cqrs.errors import DuplicateRegistration
from cqrs.web.idempotency_key import register_idempotency_problems
from cqrs.web.openapi_views import _document

MIDDLEWARE = [
    "cqrs.web.request_context.RequestContextMiddleware",
    "cqrs.web.content_length.ContentLengthMiddleware",
    "cqrs.web.unread_body.UnreadBodyMiddleware",
    "cqrs.web.access_log.AccessLogMiddleware",
    "cqrs.web.security_headers.SecurityHeadersMiddleware",
    "cqrs.web.error_pages.ProblemPagesMiddleware",
]


@pytest.fixture(scope="session", autouse=True)
def _problems() -> None:
    try:
        register_idempotency_problems()
    except DuplicateRegistration:
        return  # the project's composition root was imported first


@pytest.fixture(autouse=True)
def _edge(settings: Settings) -> Iterator[None]:
    settings.MIDDLEWARE = MIDDLEWARE
    settings.ROOT_URLCONF = "tests.web.urls"
    settings.APP_ID = "edge-1"
    # It is made once a process, and another test may have made it of the whole project.
    _document.cache_clear()
    yield
    _document.cache_clear()


@pytest.fixture
def client() -> Client:
    """A client that gets error answers as they are sent, instead of the exceptions behind them."""
    return Client(raise_request_exception=False)


@pytest.fixture
def effects(transactional_db: None) -> Iterator[None]:
    """A table that shows which requests had an effect."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE edge_test_effect (note text NOT NULL)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE edge_test_effect")
