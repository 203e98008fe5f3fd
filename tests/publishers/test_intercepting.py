"""Interceptors learn of what a handler has handled, within its transaction where it has one."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cqrs.publishers.jetstream.handler import InTransaction
from cqrs.publishers.jetstream.incoming_event import IncomingEvent
from cqrs.publishers.jetstream.interceptor import ListenerInterceptor
from cqrs.publishers.jetstream.letter_box import LetterBox
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.testing.waiting import wait_until
from tests.publishers.conftest import Listen
from tests.publishers.heard import AT, Heard, publish

STORED_AT = datetime(2026, 11, 21, tzinfo=UTC)


class Noting(ListenerInterceptor):
    """Notes event, service and session, first where the session is a list: in it, to be committed with it."""

    def __init__(self, failures: int = 0) -> None:
        self.noted: list[tuple[str, str, Any]] = []
        self.is_closed = False
        self._failures = failures

    def after_handling(self, event: IncomingEvent, service: str, session: Any) -> None:
        if session is not None:
            session.append(f"noted {event.event_id}")
        self.noted.append((event.event_id, service, session))
        if len(self.noted) <= self._failures:
            raise RuntimeError("not noted")

    def close(self) -> None:
        self.is_closed = True


class Committed:
    """Transactions of which this keeps what was committed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._committing = threading.Lock()

    def transact(self, work: Callable[[list[str]], None]) -> None:
        session: list[str] = []
        work(session)
        with self._committing:
            self.lines += session


def incoming(headers: dict[str, str]) -> IncomingEvent:
    return IncomingEvent(
        event_id="a-1",
        subject="things.a",
        event_type="",
        ordering_key="",
        sequence=None,
        data=None,
        headers=headers,
        place=1,
        deliveries=1,
        stored_at=STORED_AT,
    )


def test_an_interceptor_learns_of_an_event_when_its_handler_has_succeeded(
    publisher: JetStreamPublisher, stream: str, listen: Listen
) -> None:
    failures = [ValueError("once")]

    def act(event: IncomingEvent) -> None:
        if event.event_id == "a-1" and failures:
            raise failures.pop()

    noting, heard = Noting(), Heard(act)
    publish(publisher, stream, "a", [1, 2])

    listen(heard, noting)
    wait_until(lambda: len(noting.noted) == 2, "both are noted")

    assert heard.attempts == ["a-1", "a-1", "a-2"]
    assert noting.noted == [("a-1", "orders", None), ("a-2", "orders", None)]


def test_what_an_interceptor_writes_stands_and_falls_with_the_transaction(
    publisher: JetStreamPublisher, stream: str, listen: Listen
) -> None:
    noting, committed = Noting(failures=1), Committed()
    handler = InTransaction[list[str]](
        handle=lambda event, session: session.append(f"handled {event.event_id}"), transact=committed.transact
    )
    publish(publisher, stream, "a", [1])

    listen(handler, noting)
    wait_until(lambda: committed.lines, "the second attempt is committed")

    assert len(noting.noted) == 2, "the first one was aborted"
    assert committed.lines == ["handled a-1", "noted a-1"]


def test_an_interceptor_learns_of_a_letter_that_is_handled_after_all(
    publisher: JetStreamPublisher, stream: str, listen: Listen, box: LetterBox
) -> None:
    is_healed = threading.Event()

    def act(_: IncomingEvent) -> None:
        if not is_healed.is_set():
            raise ValueError("poison")

    noting = Noting()
    publish(publisher, stream, "a", [1])
    listen(Heard(act), noting)
    wait_until(lambda: list(box.all()), "the event is parked")
    before = list(noting.noted)

    is_healed.set()
    box.retry(f"{stream}.a")
    wait_until(lambda: noting.noted, "the letter is handled")

    assert before == []
    assert noting.noted == [("a-1", "orders", None)]


def test_an_interceptor_is_closed_when_nothing_is_handled_any_more(listen: Listen) -> None:
    noting = Noting()
    listener = listen(Heard(), noting)

    listener.stop()

    assert noting.is_closed


def test_an_event_says_when_its_publisher_has_made_it(
    publisher: JetStreamPublisher, stream: str, listen: Listen
) -> None:
    heard = Heard()
    publish(publisher, stream, "a", [1])

    listen(heard)
    heard.wait_for(1)

    assert heard.events[0].created_at == AT


@pytest.mark.parametrize("said", [{}, {"Event-Time": "today"}, {"Event-Time": "2026-01-02T03:04:05"}], ids=str)
def test_an_event_whose_publisher_does_not_say_when_was_made_when_it_was_stored(said: dict[str, str]) -> None:
    assert incoming(said).created_at == STORED_AT
