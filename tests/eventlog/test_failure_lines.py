"""A log line about an event that failed says which one it was, whose, and under which trace it came in."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from cqrs.context import Context, use
from cqrs.eventlog.event_rows import NewEvent
from cqrs.testing.drain import drain
from cqrs.web.json_logs import JsonFormatter
from tests.eventlog.parked import MAKE_DUE, TWICE, subscribe
from tests.eventlog.poison import Poisoned
from tests.eventlog.things import changed

pytestmark = pytest.mark.usefixtures("traces")

Commit = Callable[..., None]
Ask = Callable[..., list[tuple[Any, ...]]]
Lines = Callable[[], list[dict[str, Any]]]

TRACE = "0af7651916cd43dd8448eb211c80319c"
OF_A_REQUEST = Context(app_id="instance-1", traceparent=f"00-{TRACE}-b7ad6b7169203331-01")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    """The JSON lines of subscriptions."""
    former = caplog.handler.formatter
    caplog.handler.setFormatter(JsonFormatter())
    with caplog.at_level(logging.INFO, "cqrs.eventlog.subscription"):
        yield lambda: [json.loads(line) for line in caplog.text.splitlines()]
    caplog.handler.setFormatter(former)


@pytest.fixture
def event() -> NewEvent:
    """An event that a request has caused."""
    return msgspec.structs.replace(changed(uuid4()), context=OF_A_REQUEST)


def ids(line: dict[str, Any]) -> tuple[str, ...]:
    return line["subscription"], line["event_id"], line["thing_id"], line["trace_id"], line["app_id"]


def test_the_line_of_each_attempt_names_the_event_its_aggregate_and_its_trace(
    commit: Commit, ask: Ask, event: NewEvent, lines: Lines
) -> None:
    subscription = subscribe(Poisoned(event.aggregate_id), policy=TWICE)
    commit(event)

    with use(Context(app_id="projector-1")):
        drain(subscription.step)
        ask(MAKE_DUE)
        drain(subscription.step)

    first, last = lines()
    expected = ("test", str(event.event_id), str(event.aggregate_id), TRACE, "projector-1")
    assert (first["message"], first["level"], first["attempts"]) == ("event could not be handled, parked", "WARNING", 1)
    assert (last["message"], last["level"], last["attempts"]) == ("event became a dead letter", "ERROR", 2)
    assert ids(first) == ids(last) == expected
    assert first["error_type"] == last["error_type"] == "Refused"


def test_the_line_of_a_cure_names_them_too(commit: Commit, ask: Ask, event: NewEvent, lines: Lines) -> None:
    handle = Poisoned(event.aggregate_id)
    subscription = subscribe(handle)
    commit(event)
    drain(subscription.step)

    handle.poison.clear()
    ask(MAKE_DUE)
    drain(subscription.step)

    cure = lines()[-1]
    assert cure["message"] == "parked event handled"
    assert ids(cure)[:4] == ("test", str(event.event_id), str(event.aggregate_id), TRACE)


def test_an_event_without_a_trace_has_none_in_its_line(commit: Commit, lines: Lines) -> None:
    commit(changed(thing := uuid4()))

    drain(subscribe(Poisoned(thing)).step)

    (line,) = lines()
    assert line["thing_id"] == str(thing)
    assert "trace_id" not in line
