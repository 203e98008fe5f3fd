"""Log lines are one JSON object each, with the ids of the work at hand and without anybody's data."""

import json
import logging
import logging.config
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.test import RequestFactory

from cqrs.context import Context, use
from cqrs.web.json_logs import logging_config

CONTEXT = Context(app_id="instance-1", seed="run-1", request_id="r-1", traceparent=f"00-{'a' * 32}-{'b' * 16}-01")


class Lines:
    """A logger that is configured as in production, and what it wrote."""

    def __init__(self, log_format: str) -> None:
        formatter = logging_config(log_format, "INFO")["formatters"]["line"]["()"]()
        self._stream = StringIO()
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(formatter)
        self.logger = logging.getLogger("cqrs.test")
        self.logger.setLevel(logging.INFO)
        self.logger.handlers = [handler]

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def only(self) -> dict[str, Any]:
        (line,) = self.text.splitlines()
        parsed: dict[str, Any] = json.loads(line)
        return parsed


@pytest.fixture
def lines() -> Iterator[Lines]:
    with use(CONTEXT):
        yield Lines("json")


def test_a_line_has_its_fields_and_the_ids_of_the_context(lines: Lines) -> None:
    lines.logger.info("projected", extra={"events": 3, "event_id": "e-1"})

    line = lines.only()
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "cqrs.test",
        "message": "projected",
        "events": 3,
        "event_id": "e-1",
        "app_id": "instance-1",
        "seed": "run-1",
        "request_id": "r-1",
        "trace_id": "a" * 32,
    }


def test_a_traceback_is_one_line_without_the_rows_that_databases_repeat(lines: Lines) -> None:
    words = "duplicate key\nDETAIL: Key (email)=(someone@example.org) already exists."
    error = RuntimeError("y" * 10_000)
    error.__cause__ = ValueError(words)

    try:
        fail_with(error)
    except RuntimeError:
        lines.logger.exception("unexpected error")

    report = lines.only()["exc_info"]
    assert "ValueError: duplicate key" in report
    assert "RuntimeError: yyy" in report
    assert "in fail_with" in report
    assert "someone@example.org" not in report
    assert len(report) < 3_000


def fail_with(error: Exception) -> None:
    raise error


def test_the_request_of_django_s_lines_is_left_out(lines: Lines) -> None:
    request = RequestFactory().get("/api/things?email=someone@example.org")

    lines.logger.error("Internal Server Error", extra={"request": request, "status_code": 500})

    assert "someone" not in lines.text
    assert lines.only()["status_code"] == 500


def test_line_breaks_in_a_text_cannot_forge_a_line(lines: Lines) -> None:
    lines.logger.info("a\nb", extra={"name_of_user": 'x\n{"level":"ERROR"}'})

    assert len(lines.text.splitlines()) == 1


def test_values_that_json_does_not_know_are_written_as_text(lines: Lines) -> None:
    lines.logger.info("odd", extra={"error": ValueError("v"), "kind": int})

    assert lines.only()["error"] == "v"


def test_people_get_a_plain_line() -> None:
    lines = Lines("console")

    with use(CONTEXT):
        lines.logger.warning("slow", extra={"ms": 12})

    assert "WARNING cqrs.test slow ms=12 app_id=instance-1 seed=run-1" in lines.text


def test_the_configuration_is_one_that_python_accepts() -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level

    try:
        logging.config.dictConfig(logging_config("json", "WARNING"))
        level = root.level
    finally:
        root.handlers[:], root.level = before[0], before[1]

    assert level == logging.WARNING
