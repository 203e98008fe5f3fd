"""With a real publisher: what is published again is stored once, and each ticket keeps its order."""

import os
from collections import defaultdict
from typing import Any

from pymongo.database import Database

from cqrs.broker import Broker, define_broker, define_topic
from cqrs.broker.reading import read
from cqrs.outbox import Outbox, Relay
from cqrs.publishers.broker_publisher import BrokerPublisher
from cqrs.testing.drain import drain
from tests.outbox.tickets import Tickets, key_of

TOPIC = "tickets.events"


def test_events_that_were_published_and_not_deleted_are_stored_once(
    outbox: Outbox, tickets: Tickets, database: Database[Any]
) -> None:
    tickets.save_many(tickets=5, versions=6)
    stored = tickets.waiting
    with Broker(define_broker(mongo_uri=os.environ["MONGODB_URI"], database=database.name)) as broker:
        broker.topics.create(define_topic(name=TOPIC, partitions=1))
        relay = Relay(outbox, BrokerPublisher(broker, TOPIC), takes="fresh")
        drain(relay.step)

        # As a crash before the deletion would have left them.
        outbox.queue.events.insert_many(stored)
        drain(relay.step)

        records = read(broker.store, topic=TOPIC, partition=0, offset=0, limit=100).records
        relay.close()

    sequences: dict[str | None, list[int]] = defaultdict(list)
    for record in records:
        sequences[record.message.key].append(record.message.value["version"])
    assert sequences == {key_of(str(ticket)): [1, 2, 3, 4, 5, 6] for ticket in range(5)}
    assert tickets.are_published
