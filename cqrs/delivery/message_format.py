"""The attributes of a message as subscribers elsewhere know them, from and to the headers of the broker.

`Cloud-Trace-Context` is `<trace-id>/<span>;o=<sampled>`, the trace a UUID and the span a decimal number; `traceparent`
(W3C Trace Context) holds the same in hexadecimal digits. `Options` is JSON in a text.
"""

import random
import re
from collections.abc import Mapping
from functools import lru_cache
from uuid import UUID

from cqrs.broker.message import EVENT_ID, TRACEPARENT

CLOUD_TRACE = "Cloud-Trace-Context"
OPTIONS = "Options"
EVENT = "eventID"
NO_OPTIONS = "{}"

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_CLOUD_TRACE = re.compile(r"([0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12})(?:/([0-9]{1,20}))?(?:;o=([01]))?")
_LARGEST_SPAN = 2**64 - 1


def cloud_trace_of(traceparent: str) -> str | None:
    """Return the value of `Cloud-Trace-Context` that says the same; None where it is no traceparent."""
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None:
        return None
    trace, span, flags, _ = match.groups()
    return f"{UUID(trace)}/{int(span, 16)};o={int(flags, 16) & 1}"


def traceparent_of(cloud_trace: str) -> str | None:
    """Return the traceparent that says the same; None where it is no trace.

    A span of zero, or none, says that there is no parent, which W3C cannot say: it gets a new one.
    """
    match = _CLOUD_TRACE.fullmatch(cloud_trace)
    if match is None:
        return None
    trace, span, sampled = UUID(match[1]), int(match[2] or 0), int(match[3] or 0)
    if not trace.int or span > _LARGEST_SPAN:
        return None
    # To differ, not to be secret.
    span = span or random.randint(1, _LARGEST_SPAN)  # noqa: S311
    return f"00-{trace.hex}-{span:016x}-{sampled:02x}"


def trace_id_of(headers: Mapping[str, str]) -> str | None:
    """Return the trace that the headers name, as a UUID in text; None where they name none."""
    if (trace := _trace_of(headers.get(TRACEPARENT, ""))) is not None:
        return trace
    match = _CLOUD_TRACE.fullmatch(headers.get(CLOUD_TRACE, ""))
    return str(UUID(match[1])) if match else None


def attributes_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes that say what the headers say; what is not known is left out."""
    trace = cloud_trace_of(headers.get(TRACEPARENT, "")) or headers.get(CLOUD_TRACE)
    attributes = {OPTIONS: headers.get(OPTIONS, NO_OPTIONS)}
    if trace is not None:
        attributes[CLOUD_TRACE] = trace
    if EVENT_ID in headers:
        attributes[EVENT] = headers[EVENT_ID]
    return attributes


def headers_of(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that say what the attributes say; what is no trace is left out."""
    headers = {OPTIONS: attributes.get(OPTIONS, NO_OPTIONS)}
    if EVENT in attributes:
        headers[EVENT_ID] = attributes[EVENT]
    if (traceparent := traceparent_of(attributes.get(CLOUD_TRACE, ""))) is not None:
        headers[TRACEPARENT] = traceparent
    return headers


# Asked for every message, and those of a batch often are of one trace.
@lru_cache(maxsize=1024)
def _trace_of(traceparent: str) -> str | None:
    match = _TRACEPARENT.fullmatch(traceparent)
    return None if match is None else str(UUID(match[1]))
