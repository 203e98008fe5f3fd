"""Listening: everything from the beginning, in order, again after a failure, and parked when it cannot be handled."""

import threading
import time

import pytest

from cqrs.errors import Unavailable
from cqrs.publishers.jetstream.errors import InvalidSettings
from cqrs.publishers.jetstream.incoming_event import IncomingEvent
from cqrs.publishers.jetstream.letter_box import LetterBox
from cqrs.publishers.jetstream.listener import Listener
from cqrs.publishers.jetstream.listener_settings import define_listener
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.jetstream.settings import JetStreamSettings
from cqrs.testing.waiting import wait_until
from tests.publishers.conftest import Listen
from tests.publishers.heard import Heard, publish
from tests.publishers.stream_view import StreamView


def test_everything_is_heard_from_the_beginning_in_order_with_what_was_published(
    publisher: JetStreamPublisher, stream: str, listen: Listen
) -> None:
    heard = Heard()
    publish(publisher, stream, "a", range(1, 6))
    publish(publisher, stream, "b", range(1, 6))

    listener = listen(heard)
    heard.wait_for(10)
    publish(publisher, stream, "a", [6])
    heard.wait_for(11)

    event = heard.events[-1]
    assert heard.of("a") == [f"a-{sequence}" for sequence in range(1, 7)]
    assert heard.of("b") == [f"b-{sequence}" for sequence in range(1, 6)]
    assert (event.subject, event.event_type, event.ordering_key) == (f"{stream}.a", "thing:changed", "thing/a")
    assert (event.sequence, event.data, event.deliveries, event.place) == (6, {"version": 6}, 1, 11)
    wait_until(lambda: listener.unhandled() == 0, "all is acknowledged")


def test_a_service_goes_on_where_it_was_and_another_one_begins_at_the_beginning(
    publisher: JetStreamPublisher, stream: str, listen: Listen, settings: JetStreamSettings, view: StreamView
) -> None:
    before, after, other = Heard(), Heard(), Heard()
    publish(publisher, stream, "a", [1, 2])
    first = listen(before)
    before.wait_for(2)
    first.stop()
    publish(publisher, stream, "a", [3])

    listen(after)
    after.wait_for(1)
    elsewhere = Listener(define_listener(service="billing", jetstream=settings), other)
    elsewhere.start()
    other.wait_for(3)
    elsewhere.stop()
    view.delete(f"dlq_{stream}_billing")

    assert (before.handled, after.handled) == (["a-1", "a-2"], ["a-3"])
    assert other.handled == ["a-1", "a-2", "a-3"]


def test_a_slow_handler_keeps_its_event_and_holds_nobody_else(
    publisher: JetStreamPublisher, stream: str, listen: Listen
) -> None:
    longer = time.monotonic() + 3.0
    is_late = threading.Event()

    def act(event: IncomingEvent) -> None:
        if event.event_id == "a-1":
            assert is_late.wait(60)

    heard = Heard(act)
    listen(heard)
    publish(publisher, stream, "a", [1, 2])
    publish(publisher, stream, "b", [1, 2])

    heard.wait_for(2)
    wait_until(lambda: time.monotonic() > longer, "more than twice the wait for an acknowledgement has passed")
    is_late.set()
    heard.wait_for(4)

    assert heard.attempts.count("a-1") == 1
    assert heard.of("a") == ["a-1", "a-2"]
    assert heard.handled[:2] == ["b-1", "b-2"]


def test_an_event_that_fails_is_tried_again_and_holds_its_own_subject_only(
    publisher: JetStreamPublisher, stream: str, listen: Listen
) -> None:
    failures = [ValueError("one"), ValueError("two")]

    def act(event: IncomingEvent) -> None:
        if event.event_id == "a-1" and failures:
            raise failures.pop()

    heard = Heard(act)
    publish(publisher, stream, "a", [1, 2])
    publish(publisher, stream, "b", [1])

    listen(heard)
    heard.wait_for(3)

    assert heard.attempts.count("a-1") == 3
    assert heard.handled == ["b-1", "a-1", "a-2"]


def test_an_outage_of_the_handlers_store_counts_no_attempt(
    publisher: JetStreamPublisher, stream: str, listen: Listen, box: LetterBox
) -> None:
    outages = [Unavailable("mongodb") for _ in range(4)]

    def act(event: IncomingEvent) -> None:
        if outages:
            raise outages.pop()

    heard = Heard(act)
    listen(heard)
    publish(publisher, stream, "a", [1])
    heard.wait_for(1)

    assert heard.attempts == ["a-1"] * 5
    assert list(box.all()) == []


def test_mistakes_in_a_listener_are_named_together(settings: JetStreamSettings) -> None:
    with pytest.raises(InvalidSettings) as raised:
        define_listener(service="my orders", jetstream=settings, ack_wait=0, in_hand=0, handlers=0, subjects=())

    assert len(raised.value.mistakes) == 5
