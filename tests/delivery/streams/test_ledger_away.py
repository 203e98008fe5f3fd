"""A tracked publisher whose ledger cannot be reached: nothing is published that is not on record, and nothing lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from cqrs.delivery.ledger import Ledger
from cqrs.errors import Unavailable
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.publisher import Published
from tests.delivery.streams.tracked_stream import TrackedStream
from tests.outbox.streamed import Watched
from tests.project.store_proxy import StoreProxy, before_mongodb
from tests.publishers.stream_view import StreamView


@pytest.fixture
def proxy() -> Iterator[StoreProxy]:
    """Stands before MongoDB."""
    with before_mongodb() as proxy:
        yield proxy


@pytest.fixture
def behind(proxy: StoreProxy, stream: TrackedStream, ledger: Ledger) -> Iterator[TrackedStream]:
    """The stream of the test, whose ledger is reached through the proxy; `orders` listen to it."""
    stream.register("orders")
    uri = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true"
    with MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
        behind = TrackedStream(Ledger(client[ledger.collection("x").database.name]), stream.settings)
        yield behind
        behind.close()


def test_nothing_is_published_while_the_ledger_is_away(
    behind: TrackedStream, proxy: StoreProxy, stream: TrackedStream, view: StreamView
) -> None:
    publisher = behind.publisher()
    publisher.publish([behind.event("a", 1)])
    proxy.silence()

    with pytest.raises(Unavailable):
        publisher.publish([behind.event("a", 2)])
    held = [message.event_id for message in view.messages(stream.name)]
    proxy.mend()
    outcomes = publisher.publish([behind.event("a", 2)])

    assert held == ["a-1"]
    assert outcomes == [Published()]
    assert (stream.completion().events, stream.completion().expected) == (2, 2)


def test_what_was_published_when_the_ledger_went_away_is_recorded_when_it_is_given_again(
    behind: TrackedStream, proxy: StoreProxy, stream: TrackedStream, view: StreamView
) -> None:
    watched = Watched(JetStreamPublisher(behind.settings))
    publisher, event = behind.publisher(watched), behind.event("a")
    watched.after = lambda _: proxy.silence()

    with pytest.raises(Unavailable):
        publisher.publish([event])
    before = stream.completion().events
    proxy.mend()
    watched.after = lambda _: None
    outcomes = publisher.publish([event])

    assert before == 0
    assert outcomes == [Published(duplicate=True)]
    assert (stream.completion().events, stream.completion().expected) == (1, 1)
    assert [message.event_id for message in view.messages(stream.name)] == ["a-1"]
