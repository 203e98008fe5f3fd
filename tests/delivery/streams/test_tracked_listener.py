"""What a service has handled is recorded once its handler has succeeded, in its transaction where it has one."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pymongo.client_session import ClientSession
from pymongo.database import Database

from cqrs.broker.transaction import transact
from cqrs.delivery.ledger import RECEIVED_PAGES, RECEIVED_RECORDS
from cqrs.publishers.jetstream.handler import InTransaction
from cqrs.publishers.jetstream.incoming_event import IncomingEvent
from cqrs.publishers.jetstream.letter_box import LetterBox
from cqrs.testing.waiting import wait_until
from tests.delivery.streams.tracked_stream import TrackedStream
from tests.delivery.tracked import TRACE
from tests.publishers.heard import Heard
from tests.publishers.stream_view import StreamView

EFFECTS = "effects"
Store = Callable[[IncomingEvent, ClientSession], None]


@pytest.fixture
def in_transaction(database: Database[Any]) -> Callable[[Store], InTransaction[ClientSession]]:
    """Makes handlers that note each event in a transaction, and then do what they are given."""
    database.create_collection(EFFECTS)

    def make(then: Store = lambda *_: None) -> InTransaction[ClientSession]:
        def handle(event: IncomingEvent, session: ClientSession) -> None:
            database[EFFECTS].insert_one({"event": event.event_id}, session=session)
            then(event, session)

        return InTransaction(handle=handle, transact=partial(transact, database.client))

    return make


def poison(event: IncomingEvent, *_: object) -> None:
    if event.event_id.startswith("poison"):
        raise ValueError("poison")


def test_a_receipt_names_the_event_as_its_publication_does(stream: TrackedStream) -> None:
    event = stream.event("a")
    stream.listen("orders", Heard())

    stream.publisher().publish([event])

    wait_until(lambda: stream.completion().received == 1, "it is received")
    (receipt,) = stream.ledger.collection(RECEIVED_RECORDS).find()
    assert (receipt["topic"], receipt["traceID"], receipt["publishedAt"]) == (stream.topic, TRACE, event.created_at)
    assert receipt["receivedAt"] - event.created_at < timedelta(minutes=1)


def test_one_of_two_services_that_fails_has_not_received_what_the_other_has(stream: TrackedStream) -> None:
    stream.listen("orders", Heard())
    stream.listen("billing", Heard(poison))
    box = LetterBox(stream.service("billing"))

    stream.publisher().publish([stream.event("good"), stream.event("poison")])

    wait_until(lambda: len(stream.receipts()) == 3 and list(box.all()), "the others are received")
    box.close()
    assert stream.receipts() == [("billing", "good-1"), ("orders", "good-1"), ("orders", "poison-1")]
    tally = stream.completion()
    assert (tally.expected, tally.received, tally.missed, tally.rate) == (4, 3, 1, 0.75)


def test_what_is_handled_after_all_is_received(stream: TrackedStream) -> None:
    is_healed = threading.Event()
    stream.listen("orders", Heard(lambda event: None if is_healed.is_set() else poison(event)))
    box = LetterBox(stream.service("orders"))
    stream.publisher().publish([stream.event("poison")])
    wait_until(lambda: list(box.all()), "it is parked")
    missed = stream.completion().missed

    is_healed.set()
    box.retry(f"{stream.name}.poison")

    wait_until(lambda: stream.completion().received == 1, "it is received")
    box.close()
    assert missed == 1


def test_a_receipt_stands_and_falls_with_the_transaction_of_its_handler(
    stream: TrackedStream,
    database: Database[Any],
    in_transaction: Callable[[Store], InTransaction[ClientSession]],
) -> None:
    stream.listen("orders", in_transaction(poison))
    box = LetterBox(stream.service("orders"))

    stream.publisher().publish([stream.event("poison"), stream.event("good")])

    wait_until(lambda: list(box.all()) and stream.receipts(), "one is parked, the other one received")
    box.close()
    assert stream.receipts() == [("orders", "good-1")]
    assert [one["event"] for one in database[EFFECTS].find()] == ["good-1"]


def test_an_event_that_is_delivered_again_is_received_once(stream: TrackedStream, view: StreamView) -> None:
    heard = Heard()
    stream.listen("orders", heard)
    stream.publisher().publish([stream.event("a")])
    wait_until(lambda: stream.completion().received == 1, "it is received")
    stream.stop_listening()

    # As after a loss of the consumer's place: all of the stream comes again.
    view.ask(f"CONSUMER.DELETE.{stream.name}.orders")
    stream.listen("orders", heard)
    wait_until(lambda: stream.ledger.collection(RECEIVED_PAGES).count_documents({}) == 2, "it is noted again")

    (receipt,) = stream.ledger.collection(RECEIVED_RECORDS).find()
    assert heard.attempts == ["a-1", "a-1"]
    assert receipt["attempts"] == 2
    assert (stream.completion().expected, stream.completion().received) == (1, 1)


def test_what_was_put_off_is_written_when_the_listener_stops(stream: TrackedStream) -> None:
    heard = Heard()
    listener = stream.listen("orders", heard)
    stream.publisher().publish([stream.event("a"), stream.event("b")])
    heard.wait_for(2)

    listener.stop()

    assert stream.completion().received == 2


def test_an_event_of_another_publisher_is_received_and_not_expected(stream: TrackedStream, view: StreamView) -> None:
    stream.listen("orders", Heard())
    stream.publisher().publish([stream.event("a")])

    view.publish(f"{stream.name}.b", {"version": 1})

    wait_until(lambda: len(stream.receipts()) == 2, "both are received")
    assert (stream.completion().expected, stream.completion().received) == (1, 1)
