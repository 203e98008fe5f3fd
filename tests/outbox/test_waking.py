"""A relay is woken by a new event, and finds without being woken what it was not told of."""

import threading
from collections.abc import Iterator

import pytest

from cqrs.outbox import Outbox, Relay
from cqrs.outbox.doorbell import Doorbell
from cqrs.testing.waiting import wait_until
from cqrs.worker import Worker
from tests.outbox.destination import Destination
from tests.outbox.tickets import Tickets, event_of

LONG = 600.0


@pytest.fixture
def relay(outbox: Outbox, destination: Destination) -> Iterator[Relay]:
    relay = Relay(outbox, destination, takes="fresh")
    yield relay
    relay.close()


def wait_until_heard(doorbell: Doorbell) -> None:
    wait_until(lambda: doorbell._chime is not None and doorbell._chime.since is not None, "the stream is heard")


def test_whoever_waits_is_woken_by_a_new_event(relay: Relay, tickets: Tickets) -> None:
    waiting = threading.Thread(target=relay.wait, args=(LONG,))
    waiting.start()
    wait_until_heard(relay._doorbell)

    tickets.save(event_of("a", 1))

    waiting.join(60)
    assert not waiting.is_alive()


def test_an_event_that_nobody_was_told_of_is_found_by_the_poll(
    outbox: Outbox, destination: Destination, tickets: Tickets
) -> None:
    class Deaf(Relay):
        def wait(self, seconds: float) -> None:
            self._is_woken = False
            super().wait(seconds)

    worker = Worker("relay", Deaf(outbox, destination, takes="fresh"), poll_seconds=0.05)
    thread = threading.Thread(target=worker.run)
    thread.start()

    tickets.save(event_of("a", 1))

    wait_until(lambda: tickets.are_published, "the event is published")
    worker.stop()
    thread.join(60)
    assert not thread.is_alive()


def test_a_stream_that_has_lost_its_history_is_heard_anew(relay: Relay, tickets: Tickets) -> None:
    relay.wait(0)
    wait_until_heard(relay._doorbell)
    chime = relay._doorbell._chime
    assert chime is not None

    chime.cut()
    relay.wait(0)
    relay.wait(0)
    wait_until_heard(relay._doorbell)

    assert relay._doorbell._chime is not chime
