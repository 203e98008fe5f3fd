"""Traces and attributes from and to the headers of the broker."""

import re

import pytest

from cqrs.delivery.message_format import attributes_of, cloud_trace_of, headers_of, trace_id_of, traceparent_of

TRACE = "7ac5a053-ce16-4f10-8cac-519a381fc5f9"
TRACEPARENT = "00-7ac5a053ce164f108cac519a381fc5f9-00000000000000ff-01"
CLOUD = f"{TRACE}/255;o=1"


def test_both_ways_say_the_same() -> None:
    assert cloud_trace_of(TRACEPARENT) == CLOUD
    assert traceparent_of(CLOUD) == TRACEPARENT


def test_a_trace_without_a_span_gets_one() -> None:
    traceparent = traceparent_of(f"{TRACE}/0;o=0")

    assert traceparent is not None
    assert re.fullmatch(r"00-7ac5a053ce164f108cac519a381fc5f9-(?!0{16})[0-9a-f]{16}-00", traceparent)
    assert (traceparent_of(TRACE) or "")[3:35] == TRACE.replace("-", "")


@pytest.mark.parametrize("text", ["", "x", TRACE[:-1], f"{TRACE}/-1;o=0", f"{TRACE}/{2**64};o=0", f"{'0' * 32}/1;o=1"])
def test_what_is_no_trace(text: str) -> None:
    assert traceparent_of(text) is None
    assert cloud_trace_of(text) is None


def test_attributes_of_a_message_of_the_broker() -> None:
    attributes = attributes_of({"traceparent": TRACEPARENT, "eventId": "event-1"})

    assert attributes == {"Cloud-Trace-Context": CLOUD, "Options": "{}", "eventID": "event-1"}


def test_headers_of_a_message_from_elsewhere() -> None:
    given = {"Cloud-Trace-Context": CLOUD, "Options": '{"retry":1}', "eventID": "event-1"}

    headers = headers_of(given)

    assert (headers["traceparent"], headers["eventId"]) == (TRACEPARENT, "event-1")
    assert attributes_of(headers) == given
    assert trace_id_of(headers) == trace_id_of(given) == TRACE


def test_without_a_trace_there_is_none() -> None:
    assert trace_id_of({}) is None
    assert attributes_of({}) == {"Options": "{}"}
