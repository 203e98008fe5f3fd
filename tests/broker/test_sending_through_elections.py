"""Sending while the primary steps down: nothing is lost, nothing is doubled, and nobody is told a lie."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from cqrs.broker import Broker, Message, Producer, Sent, define_producer, define_topic
from cqrs.errors import Unavailable
from cqrs.testing.waiting import wait_until
from tests.broker.stored_messages import documents, require_no_gaps

TOPIC = "orders"
THREADS = 8
SENDS_AFTERWARDS = 20
ELECTIONS = 2


@pytest.fixture
def producer(broker: Broker) -> Producer:
    broker.topics.create(define_topic(name=TOPIC, partitions=2))
    return broker.create_producer(define_producer(topic=TOPIC, partition_strategy="key-based"))


def step_down(broker: Broker) -> None:
    """End the term of the only member; it elects itself again after a second."""
    # It may close the connection before it answers.
    with suppress(AutoReconnect):
        broker.store.client.admin.command("replSetStepDown", 1, force=True)


def send_until_stored(producer: Producer, key: str) -> list[Sent]:
    """What a caller should do: send again under the same key for as long as the store is unavailable."""
    while True:
        try:
            return producer.send(Message(key=key, value=key), idempotency_key=key)
        except Unavailable:
            continue


def test_senders_that_go_on_through_elections_store_everything_once(broker: Broker, producer: Producer) -> None:
    stop = threading.Event()

    def send_on(thread: int) -> dict[str, Sent]:
        sent: dict[str, Sent] = {}
        left = SENDS_AFTERWARDS
        while left:
            key = f"{thread}-{len(sent)}"
            sent[key] = send_until_stored(producer, key)[0]
            left -= stop.is_set()
        return sent

    with ThreadPoolExecutor(THREADS) as threads:
        futures = [threads.submit(send_on, thread) for thread in range(THREADS)]
        for _ in range(ELECTIONS):
            step_down(broker)
            before = stored(broker)
            # A sender that has ended early has failed, which says more than that nothing comes.
            wait_until(
                lambda before=before: stored(broker) > before or any(future.done() for future in futures),  # type: ignore[misc]
                "sending goes on",
            )
        stop.set()
        returned = {key: place for future in futures for key, place in future.result(60).items()}

    found: dict[str, Any] = {document["value"]: document["_id"] for document in documents(broker, TOPIC)}
    assert len(documents(broker, TOPIC)) == len(found) == len(returned)
    assert {key: (place.partition, place.offset) for key, place in returned.items()} == {
        key: (place["partition"], place["offset"]) for key, place in found.items()
    }
    require_no_gaps(broker, TOPIC)


def test_a_broker_without_a_primary_says_so_until_there_is_one_again(broker: Broker) -> None:
    step_down(broker)

    wait_until(lambda: not broker.is_connected, "the broker knows that there is no primary")
    wait_until(lambda: broker.is_connected, "the broker knows the new primary")


def stored(broker: Broker) -> int:
    """Count the messages, once there is a primary to ask."""
    try:
        return int(broker.store.messages(TOPIC).estimated_document_count())
    except AutoReconnect:
        return 0
