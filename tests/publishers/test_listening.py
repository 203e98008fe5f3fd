"""Listening: everything from the beginning, in order, again after a failure, and parked when it cannot be handled."""

import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from cqrs.errors import Unavailable
from cqrs.publishers.jetstream.errors import InvalidSettings
from cqrs.publishers.jetstream.incoming_event import IncomingEvent
from cqrs.publishers.jetstream.letter_box import LetterBox
from cqrs.publishers.jetstream.letters import Letter
from cqrs.publishers.jetstream.link import Link
from cqrs.publishers.jetstream.listener import Listener
from cqrs.publishers.jetstream.listener_settings import ListenerSettings, define_listener
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.jetstream.settings import JetStreamSettings
from cqrs.retry import RetryPolicy
from cqrs.testing.waiting import wait_until
from tests.publishers.heard import Heard, publish
from tests.publishers.stream_view import StreamView

QUICK = RetryPolicy(max_attempts=3, base=0.1, cap=0.1, jitter=0)
Listen = Callable[..., Listener]


@pytest.fixture
def listener_settings(settings: JetStreamSettings, view: StreamView) -> Iterator[ListenerSettings]:
    """The settings of a service that gives up after three attempts."""
    listening = define_listener(service="orders", jetstream=settings, policy=QUICK, ack_wait=1.0)
    yield listening
    view.delete(listening.letters.name)


@pytest.fixture
def box(listener_settings: ListenerSettings) -> Iterator[LetterBox]:
    """The dead letters of the service."""
    box = LetterBox(listener_settings)
    yield box
    box.close()


@pytest.fixture
def listen(listener_settings: ListenerSettings) -> Iterator[Listen]:
    """Starts listeners, which are stopped in the end."""
    started: list[Listener] = []

    def start(handler: Callable[[IncomingEvent], None]) -> Listener:
        listener = Listener(listener_settings, handler)
        started.append(listener)
        listener.start()
        return listener

    yield start
    for listener in started:
        listener.stop()


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
            assert is_late.wait(30)

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


def wait_for_letters(box: LetterBox, count: int) -> list[Letter]:
    wait_until(lambda: len(list(box.all())) == count, f"{count} letters are there", seconds=30)
    return list(box.all())


class Poison:
    """Fails for `a-2` until it is healed, or removed."""

    def __init__(self) -> None:
        self.is_healed = False

    def __call__(self, event: IncomingEvent) -> None:
        if event.event_id == "a-2" and not self.is_healed:
            raise ValueError("poison\nof two lines")


def test_what_cannot_be_handled_is_parked_and_its_subject_waits_behind_it(
    publisher: JetStreamPublisher, stream: str, listen: Listen, box: LetterBox
) -> None:
    heard = Heard(Poison())
    publish(publisher, stream, "a", [1, 2, 3])
    publish(publisher, stream, "b", [1])

    listener = listen(heard)
    wait_for_letters(box, 2)
    publish(publisher, stream, "a", [4])
    publish(publisher, stream, "b", [2])
    wait_until(lambda: len(list(box.all())) == 3 and len(heard.events) == 3, "the next ones are dealt with")

    failed, *waiting = list(box.all())
    assert heard.attempts.count("a-2") == 3
    assert sorted(heard.handled) == ["a-1", "b-1", "b-2"]
    assert (failed.event_id, failed.state, failed.attempts) == ("a-2", "failed", 3)
    assert (failed.error_type, failed.error) == ("ValueError", "poison of two lines")
    assert [(letter.event_id, letter.state) for letter in waiting] == [("a-3", "waiting"), ("a-4", "waiting")]
    wait_until(lambda: listener.unhandled() == 0, "nothing blocks the consumer")


@pytest.mark.parametrize("restarted", [False, True], ids=["the same process", "another process"])
def test_letters_that_are_wished_for_are_handled_in_order_and_what_comes_then_is_free(
    publisher: JetStreamPublisher,
    stream: str,
    listen: Listen,
    box: LetterBox,
    restarted: bool,
) -> None:
    poison = Poison()
    heard = Heard(poison)
    publish(publisher, stream, "a", [1, 2, 3])
    listener = listen(heard)
    wait_for_letters(box, 2)
    if restarted:
        listener.stop()
        listen(heard)
    publish(publisher, stream, "a", [4])
    wait_for_letters(box, 3)

    poison.is_healed = True
    box.retry(f"{stream}.a")
    heard.wait_for(4)
    wait_for_letters(box, 0)
    publish(publisher, stream, "a", [5])
    heard.wait_for(5)

    assert heard.handled == ["a-1", "a-2", "a-3", "a-4", "a-5"]
    event = heard.events[1]
    assert (event.subject, event.sequence, event.data) == (f"{stream}.a", 2, {"version": 2})
    assert list(box.all()) == []


def test_a_letter_that_fails_again_stays_first(
    publisher: JetStreamPublisher,
    stream: str,
    listen: Listen,
    box: LetterBox,
) -> None:
    heard = Heard(Poison())
    publish(publisher, stream, "a", [1, 2, 3])
    listen(heard)
    wait_for_letters(box, 2)

    box.retry(f"{stream}.a")
    wait_until(lambda: heard.attempts.count("a-2") == 4, "it is tried once more")

    assert [letter.event_id for letter in list(box.all())] == ["a-2", "a-3"]
    assert heard.handled == ["a-1"]


def test_what_waits_behind_a_discarded_letter_is_handled(
    publisher: JetStreamPublisher,
    stream: str,
    listen: Listen,
    box: LetterBox,
) -> None:
    heard = Heard(Poison())
    publish(publisher, stream, "a", [1, 2, 3])
    listen(heard)
    wait_for_letters(box, 2)
    number = next(box.all()).number

    box.discard(number)
    heard.wait_for(2)

    assert heard.handled == ["a-1", "a-3"]


def test_what_is_no_json_is_parked(
    publisher: JetStreamPublisher, stream: str, view: StreamView, listen: Listen, box: LetterBox
) -> None:
    publisher.prepare()
    link = Link([os.environ["NATS_URL"]], name="careless")
    link.call(lambda client: client.request(f"{stream}.a", b"{no json"), seconds=5)
    link.close()

    listen(Heard())
    wait_for_letters(box, 1)

    (letter,) = list(box.all())
    assert (letter.error_type, letter.payload, letter.event_id) == ("DecodeError", b"{no json", "1")


def test_a_handler_that_raises_system_exit_has_failed(
    publisher: JetStreamPublisher, stream: str, listen: Listen, box: LetterBox
) -> None:
    def act(event: IncomingEvent) -> None:
        if event.event_id == "a-1":
            raise SystemExit

    heard = Heard(act)
    publish(publisher, stream, "a", [1])
    publish(publisher, stream, "b", [1])
    listen(heard)
    wait_for_letters(box, 1)
    heard.wait_for(1)

    assert next(box.all()).error == "the handler raised SystemExit"
    assert heard.handled == ["b-1"]


def test_mistakes_in_a_listener_are_named_together(settings: JetStreamSettings) -> None:
    with pytest.raises(InvalidSettings) as raised:
        define_listener(service="my orders", jetstream=settings, ack_wait=0, in_hand=0, handlers=0, subjects=())

    assert len(raised.value.mistakes) == 5
