"""Logging: one JSON object a line with the ids of the work at hand, or a plain line for people."""

import logging
import traceback
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from pythonjsonlogger.core import RESERVED_ATTRS, BaseJsonFormatter, LogData

from cqrs.context import current
from cqrs.web.trace import trace_id

_MAX_MESSAGE: Final = 300
# Django adds the request object, whose text holds the query string and with it personal data.
_LEFT_OUT: Final = (*RESERVED_ATTRS, "request", "server_time")


class JsonFormatter(BaseJsonFormatter):
    """Time, level, logger, message, extra fields, and the context's `app_id`, `seed`, `request_id` and `trace_id`."""

    def __init__(self) -> None:
        super().__init__(["message"], reserved_attrs=_LEFT_OUT)
        self._encode = msgspec.json.Encoder(enc_hook=str).encode

    def add_fields(self, log_data: LogData, record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """The fields in reading order: when, how bad, what, under which ids, and the rest."""
        log_data["time"] = _utc(record.created)
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        super().add_fields(log_data, record, message_dict)
        log_data |= _context_fields()

    def jsonify_log_record(self, log_data: LogData) -> str:
        """One line: line breaks within texts are escaped."""
        return self._encode(log_data).decode()

    def formatException(self, ei: Any) -> str:
        """The traceback with each message cut to its first line: further ones are where databases repeat the row."""
        return format_exception(ei[1])


class ConsoleFormatter(logging.Formatter):
    """`18:10:52.123 INFO cqrs.web.access request status=201 …`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and below it the traceback if there is one."""
        extra = {name: value for name, value in vars(record).items() if name not in _LEFT_OUT}
        fields = "".join(f" {name}={value}" for name, value in {**extra, **_context_fields()}.items())
        line = f"{_utc(record.created)[11:-1]} {record.levelname} {record.name} {record.getMessage()}{fields}"
        return f"{line}\n{format_exception(record.exc_info[1])}" if record.exc_info else line


class ExceptionsOnly(logging.Filter):
    """Of Django's lines about requests, lets through those with a traceback; the access log has the others."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether there is an exception behind the record."""
        return record.exc_info is not None


def logging_config(log_format: str, level: str) -> dict[str, Any]:
    """Django's `LOGGING` for "json" or "console": all to standard error, without Django's own line for each 4xx.

    A busy process writes several lines together, up to a tenth of a second later: see `GatheredLinesHandler`.
    """
    formatter = JsonFormatter if log_format == "json" else ConsoleFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"exceptions_only": {"()": ExceptionsOnly}},
        "formatters": {"line": {"()": formatter}},
        "handlers": {"stderr": {"class": "cqrs.web.gathered_lines.GatheredLinesHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"level": "ERROR", "filters": ["exceptions_only"]},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # At DEBUG the driver writes out whole commands, and with them people's data.
            "pymongo": {"level": "INFO"},
        },
    }


def format_exception(error: BaseException | None) -> str:
    """The traceback of `error` and its causes without source data: messages are cut to one line of 300 characters."""
    if error is None:
        return ""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{format_exception(cause)}\n\n…which led to\n\n" if cause else ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    message = str(error).partition("\n")[0][:_MAX_MESSAGE]
    return f"{before}Traceback (most recent call last):\n{frames}{type(error).__qualname__}: {message}"


def _context_fields() -> dict[str, str]:
    context = current()
    fields = {"app_id": context.app_id}
    if context.seed is not None:
        fields["seed"] = context.seed
    if context.request_id is not None:
        fields["request_id"] = context.request_id
    if context.traceparent is not None:
        fields["trace_id"] = trace_id(context.traceparent)
    return fields


def _utc(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
