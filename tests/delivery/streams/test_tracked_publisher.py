"""What comes of publishing is recorded: before it is attempted, when it has succeeded, and when it is given up."""

import json
import math
import os
from collections.abc import Iterator, Sequence

import pytest

from cqrs.delivery.ledger import Ledger
from cqrs.delivery.message_format import trace_id_of
from cqrs.delivery.tracked_publisher import TrackedPublisher
from cqrs.errors import Unavailable
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Outcome, Published, Publisher, Refused
from cqrs.testing.publisher_conformance import Look, PublisherConformance
from tests.delivery.streams.tracked_stream import TrackedStream
from tests.delivery.tracked import TRACE
from tests.free_ports import free_port
from tests.publishers.conftest import settings_of
from tests.publishers.held import held_by
from tests.publishers.lost_acknowledgements import LostAcknowledgements
from tests.publishers.nats_server import HOST
from tests.publishers.stream_view import StreamView


class TestConformance(PublisherConformance):
    """It is a publisher as any other."""

    @pytest.fixture
    def tracked(self, ledger: Ledger, stream: TrackedStream) -> TrackedStream:
        return TrackedStream(ledger, settings_of(os.environ["NATS_URL"], stream.name, subjects=[self.subject]))

    @pytest.fixture
    def publisher(self, tracked: TrackedStream) -> Iterator[TrackedPublisher]:
        yield tracked.publisher()
        tracked.close()

    @pytest.fixture
    def held(self, stream: TrackedStream, view: StreamView) -> Look:
        return lambda: held_by(view, stream.name)

    @pytest.fixture
    def unreachable(self, ledger: Ledger) -> Iterator[TrackedPublisher]:
        away = TrackedStream(ledger, settings_of(f"nats://127.0.0.1:{free_port()}", "away", subjects=[self.subject]))
        yield away.publisher()
        away.close()


class Looking:
    """Keeps what was on record at each call, and passes it on to `publisher`."""

    def __init__(self, stream: TrackedStream, publisher: Publisher) -> None:
        self.found: list[list[tuple[str, str]]] = []
        self._stream = stream
        self._publisher = publisher

    def publish(self, events: Sequence[OutgoingEvent], *, seconds: float = math.inf) -> Sequence[Outcome]:
        self.found.append(self._stream.statuses())
        return self._publisher.publish(events, seconds=seconds)

    def close(self) -> None:
        self._publisher.close()


def test_an_event_is_recorded_with_those_who_listen_to_its_subject(stream: TrackedStream) -> None:
    stream.register("orders", "billing")
    stream.subscriptions.register(stream.service("archive", (f"{stream.name}.b",)))
    publisher, event = stream.publisher(), stream.event("a")

    publisher.publish([event, stream.event("b")])

    first, second = stream.published()
    assert (first["topic"], first["traceID"]) == (stream.topic, TRACE) == (stream.topic, trace_id_of(event.headers))
    assert (json.loads(first["payload"]), first["publishedAt"]) == ({"version": 1}, event.created_at)
    assert first["subscriptions"] == ["billing", "orders"]
    assert second["subscriptions"] == ["archive", "billing", "orders"]
    assert stream.completion().expected == 5


def test_it_is_recorded_as_attempted_before_it_is_published(stream: TrackedStream) -> None:
    looking = Looking(stream, JetStreamPublisher(stream.settings))

    stream.publisher(looking).publish([stream.event("a")])

    assert looking.found == [[("a-1", "attempted")]]
    assert stream.statuses() == [("a-1", "attempted"), ("a-1", "published")]


def test_one_that_registers_later_is_not_expected_nor_one_that_was_removed(stream: TrackedStream) -> None:
    publisher = stream.publisher()
    stream.register("orders")
    publisher.publish([stream.event("a", 1)])
    stream.register("billing")
    publisher.publish([stream.event("a", 2)])

    was_there = stream.subscriptions.remove("orders")
    publisher.publish([stream.event("a", 3)])

    assert (was_there, stream.subscriptions.remove("orders")) == (True, False)
    assert [one["subscriptions"] for one in stream.published()] == [["orders"], ["billing", "orders"], ["billing"]]


def test_services_of_another_stream_are_not_expected(stream: TrackedStream, ledger: Ledger) -> None:
    TrackedStream(ledger, settings_of(os.environ["NATS_URL"], "another")).register("orders")

    stream.publisher().publish([stream.event("a")])

    assert stream.published()[0]["subscriptions"] == []


def test_what_cannot_be_reached_now_is_attempted_once_and_expected_by_nobody(
    stream: TrackedStream, ledger: Ledger
) -> None:
    away = TrackedStream(ledger, settings_of(f"nats://127.0.0.1:{free_port()}", stream.name))
    away.register("orders")
    publisher, event = away.publisher(), away.event("a")

    for _ in range(3):
        with pytest.raises(Unavailable):
            publisher.publish([event])
    away.close()

    assert away.statuses() == [("a-1", "attempted")]
    assert (away.completion().events, away.completion().expected) == (0, 0)


def test_a_refused_event_has_failed_once_it_is_given_up(stream: TrackedStream) -> None:
    stream.register("orders")
    refused = stream.event("a", data=float("nan"))

    first, second = stream.publisher().publish([refused, stream.event("b")])
    before = stream.completion()
    stream.tracking.failed([refused])

    assert (isinstance(first, Refused), second) == (True, Published())
    assert (before.events, before.failed, before.expected) == (1, 0, 1)
    assert (stream.completion().events, stream.completion().failed, stream.completion().expected) == (1, 1, 1)


def test_a_lost_acknowledgement_is_no_second_publication(stream: TrackedStream, ledger: Ledger) -> None:
    port = int(os.environ["NATS_URL"].rpartition(":")[2])
    with LostAcknowledgements(HOST, port) as proxy:
        behind = TrackedStream(ledger, settings_of(f"nats://{HOST}:{proxy.port}", stream.name, ack_seconds=0.5))
        behind.register("orders")
        publisher, event = behind.publisher(), behind.event("a")
        publisher.publish([behind.event("b")])
        proxy.lose(every=1, then_cut=False)
        with pytest.raises(Unavailable):
            publisher.publish([event])
        before = behind.completion()
        proxy.lose(every=0, then_cut=False)

        outcomes = publisher.publish([event])
        behind.close()

    assert proxy.lost
    assert outcomes == [Published(duplicate=True)]
    assert (before.events, behind.completion().events, behind.completion().expected) == (1, 2, 2)
