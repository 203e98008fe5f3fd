"""What the replicas leave out around a request is missed by nobody: connections still go back to the pool."""

import logging
from collections.abc import Callable, Iterator
from http import HTTPStatus
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import connection
from gunicorn.glogging import Logger

from cqrs_project.lean_requests import leave_out_what_nobody_needs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _lean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The receivers and the logging of a replica, until the end of the test."""
    for name in ("_srcfile", "logThreads", "logMultiprocessing"):
        monkeypatch.setattr(logging, name, getattr(logging, name))
    signals = (request_started, request_finished)
    before = [signal.receivers[:] for signal in signals]
    leave_out_what_nobody_needs()
    yield
    for signal, receivers in zip(signals, before, strict=True):
        signal.receivers[:] = receivers
        signal.sender_receivers_cache.clear()


def asked(path: str) -> str:
    """The status line of a GET, from the first byte to the closing of the answer."""
    status: list[str] = []

    def start(line: str, *_: Any) -> Callable[[bytes], None]:
        status.append(line)
        return lambda _: None

    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "HTTP_HOST": settings.ALLOWED_HOSTS[0],
        "wsgi.input": BytesIO(),
    }
    answer = get_wsgi_application()(environ, start)
    b"".join(answer)
    answer.close()
    return status[0]


@pytest.mark.usefixtures("_lean")
def test_a_request_gives_its_connection_back() -> None:
    connection.ensure_connection()

    status = asked("/api/v1/user-stats")

    assert status == "200 OK"
    assert connection.connection is None


@pytest.mark.usefixtures("_lean")
def test_a_request_that_needs_no_store_takes_no_connection() -> None:
    connection.close()

    assert asked("/livez") == f"{HTTPStatus.OK} OK"
    assert connection.connection is None


@pytest.mark.usefixtures("_lean")
def test_what_gunicorn_shows_of_a_record_is_there() -> None:
    record = logging.getLogger("gunicorn.error").makeRecord("gunicorn.error", logging.INFO, "", 0, "Booting", (), None)

    assert logging.Formatter(Logger.error_fmt, Logger.datefmt).format(record).endswith("[INFO] Booting")
