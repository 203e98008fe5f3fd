"""Every query of consumers and of csbroker has an index: they ask again and again, whatever has gathered."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from cqrs.broker import Broker, BrokerConfig, ConsumerRecord, Message, lag, positions, reading
from cqrs.broker import dead_letters as letters
from cqrs.broker.csbroker.group_overview import overview
from cqrs.broker.failing import Failure
from cqrs.broker.membership import Membership
from cqrs.broker.positions import Claim
from cqrs.broker.store import Store
from cqrs.clock import now
from tests.broker.handled import GROUP, TOPIC, make_topic, send

READING = {"find", "distinct", "aggregate", "update", "delete", "findAndModify"}
# What belongs to a session or a connection, and no explanation takes.
NOT_EXPLAINED = {
    *("lsid", "txnNumber", "startTransaction", "autocommit", "readConcern", "writeConcern", "maxTimeMS"),
    *("$db", "$clusterTime", "$readPreference", "cursor"),
}
NUMBER = 300


class Asked(CommandListener):
    """Remembers the commands that look for documents."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in READING:
            self.commands.append({name: value for name, value in event.command.items() if name not in NOT_EXPLAINED})

    def succeeded(self, event: CommandSucceededEvent) -> None: ...
    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def store(broker: Broker, broker_config: BrokerConfig, asked: Asked) -> Iterator[Store]:
    """The broker's database, through a client that is listened to."""
    make_topic(broker, partitions=3)
    send(broker, range(30))
    with MongoClient[dict[str, Any]](os.environ["MONGODB_URI"], tz_aware=True, event_listeners=[asked]) as client:
        yield Store(client, broker_config.database)


@pytest.fixture
def claim(store: Store) -> Claim:
    """A partition that somebody owns, with letters of many keys, most of them waiting."""
    positions.establish(store, group=GROUP, topic=TOPIC, from_beginning=True)
    seen = positions.of_group(store, group=GROUP, topic=TOPIC)[0]
    claim = positions.claim(store, group=GROUP, topic=TOPIC, seen=seen, member="me")
    assert claim is not None
    store.dead_letters.insert_many([letter(claim, offset) for offset in range(NUMBER)])
    return claim


def letter(claim: Claim, offset: int) -> dict[str, Any]:
    key, state = f"key-{offset % 7}", "parked" if offset < 7 else "waiting"
    return letters._letter(claim, record(offset, key), "waiting") | {"state": state}


def record(offset: int, key: str) -> ConsumerRecord:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    message = Message(key=key, value=offset, timestamp=at)
    return ConsumerRecord(topic=TOPIC, partition=0, offset=offset, message=message, timestamp=at)


def require_indexes(store: Store, asked: Asked, *, least: int, examined: int = 2 * NUMBER) -> None:
    """Fail unless each command has an index and examined at the most so many documents and entries of the index."""
    commands = asked.commands[:]
    wrong = {}
    for command in commands:
        explained = store.database.command("explain", command, verbosity="executionStats")
        found = {one["stage"] for one in plans_of(explained)} & {"COLLSCAN", "SORT"}
        statistics = explained["executionStats"]
        number = max(statistics["totalDocsExamined"], statistics["totalKeysExamined"])
        if found or number > examined:
            wrong[str(command)] = found, number
    assert wrong == {}
    assert len(commands) >= least


def plans_of(explained: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the stages of the winning plans, wherever they stand in the explanation."""
    if isinstance(explained, Mapping):
        if "stage" in explained:
            yield explained
        for name, inner in explained.items():
            if name != "rejectedPlans":
                yield from plans_of(inner)
    elif isinstance(explained, list):
        for inner in explained:
            yield from plans_of(inner)


def test_what_a_consumer_asks_about_letters_has_an_index(store: Store, claim: Claim, asked: Asked) -> None:
    asked.commands.clear()

    letters.held_keys(store, claim)
    letters.put_to_wait(store, claim, record(NUMBER, "key-3"))
    letters.park(store, claim, record(NUMBER + 1, "key-8"), Failure(error=ValueError(), failed_at=(now(),)))
    letters.retry(store, group=GROUP, topic=TOPIC, key="key-3")
    letters.partitions_to_retry(store, group=GROUP, topic=TOPIC)
    to_retry = letters.next_to_retry(store, claim)
    assert to_retry is not None
    letters.park_again(store, claim, to_retry, Failure(error=ValueError(), failed_at=(now(),)))
    with store.client.start_session() as session:
        session.with_transaction(lambda session: settle(store, claim, to_retry, session))

    require_indexes(store, asked, least=13, examined=NUMBER // 5)


def settle(store: Store, claim: Claim, to_retry: letters.DeadLetter, session: ClientSession) -> None:
    letters.is_to_retry(store, to_retry, session=session)
    letters.settle(store, claim, to_retry, session=session)


def test_what_operators_ask_about_letters_has_an_index(store: Store, claim: Claim, asked: Asked) -> None:
    asked.commands.clear()

    letters.listing(store)
    letters.listing(store, group=GROUP)
    letters.listing(store, topic=TOPIC)
    letters.listing(store, group=GROUP, topic=TOPIC)
    letters.listing(store, group=GROUP, key="key-1")
    letters.listing(store, group=GROUP, topic=TOPIC, key="key-1")
    found = letters.listing(store, limit=2)
    letters.get(store, found[0].id)
    letters.retry(store, group=GROUP, topic=TOPIC)
    letters.retry(store, group=GROUP, topic=TOPIC, letter_id=found[1].id)
    letters.discard(store, found[0].id)
    letters.discard(store, str(ObjectId()))

    require_indexes(store, asked, least=13)


def test_what_groups_and_readers_ask_has_an_index(store: Store, claim: Claim, asked: Asked) -> None:
    asked.commands.clear()
    membership = Membership(store, group=GROUP, topic=TOPIC, member="me")

    membership.balance(membership.join(), range(3))
    membership.beat()
    positions.establish(store, group=GROUP, topic=TOPIC, from_beginning=True)
    positions.commit(store, claim, 1)
    lag.measure(store, group=GROUP, topic=TOPIC)
    overview(store)
    overview(store, group=GROUP)
    overview(store, group=GROUP, topic=TOPIC)
    overview(store, topic=TOPIC)
    reading.read(store, topic=TOPIC, partition=0, offset=3, limit=10)
    reading.earliest(store, topic=TOPIC, partition=0)
    reading.offset_at(store, topic=TOPIC, partition=0, at=datetime(2030, 1, 1, tzinfo=UTC))
    positions.release(store, claim, offset=1)
    membership.leave()

    require_indexes(store, asked, least=20)


def test_an_index_that_is_no_longer_used_is_dropped(broker: Broker) -> None:
    broker.store.dead_letters.create_index([("group", 1), ("topic", 1), ("partition", 1), ("offset", 1)], name="record")

    broker.connect()

    assert set(broker.store.dead_letters.index_information()) == {"_id_", "place", "waiting", "to-do"}
