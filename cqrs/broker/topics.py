"""Topics: what is stored of them, and the commands that create and change them."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import msgspec
from bson import Int64, ObjectId
from pymongo import ASCENDING, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from cqrs.broker import reading
from cqrs.broker.config import TopicConfig, define_topic
from cqrs.broker.errors import InvalidConfiguration, UnknownTopic
from cqrs.broker.mongodb import Document, translated
from cqrs.broker.retention import keep_messages_for
from cqrs.broker.store import LONGEST_NAMESPACE, Store, counter_id, messages_of
from cqrs.broker.transaction import in_transaction
from cqrs.clock import now


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic as it is stored."""

    name: str
    partitions: int
    retention_ms: int | None
    created_at: datetime
    updated_at: datetime


class Topics:
    """The topics of a broker's database. All methods raise Unavailable and NotConnected."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store

    def create(self, config: TopicConfig) -> Topic:
        """Create the topic and return it; one that is there already is returned as it is, whatever `config` says.

        Messages that are there without a topic are in it: new ones come behind them.

        Raises InvalidConfiguration where the name is too long for this database.
        """
        store = self._store()
        _require_room(store, config.name)
        with translated():
            store.create_collection(messages_of(config.name))
            # Who was here before holds.
            with suppress(DuplicateKeyError):
                in_transaction(store, lambda session: _insert(store, config, session))
            topic = self.get(config.name)
            keep_messages_for(store, topic.name, topic.retention_ms)
        return topic

    def get(self, name: str) -> Topic:
        """Return the topic. Raises UnknownTopic."""
        with translated():
            document = self._store().topics.find_one({"_id": name})
        if document is None:
            raise UnknownTopic(name)
        return _topic(document)

    def all(self) -> list[Topic]:
        """Return all topics, by name."""
        with translated():
            return [_topic(document) for document in self._store().topics.find().sort("_id", ASCENDING)]

    def set_retention(self, *, name: str, retention_ms: int | None) -> Topic:
        """Keep messages for so many milliseconds after they were appended, None for ever; older ones are removed.

        MongoDB removes once a minute and counts in seconds, so what is kept is rounded up. It cannot be changed while a
        transaction is open in the topic: ten seconds are waited for a moment without one, and senders go on meanwhile.
        Raises UnknownTopic, InvalidConfiguration, and TopicInUse where there was none.
        """
        define_topic(name=name, retention_ms=retention_ms)
        self.get(name)
        store = self._store()
        with translated():
            keep_messages_for(store, name, retention_ms)
            store.topics.update_one({"_id": name}, {"$set": {"retentionMs": retention_ms, "updatedAt": now()}})
        return self.get(name)

    def add_partitions(self, *, name: str, partitions: int) -> Topic:
        """Give the topic so many partitions in all; messages that are stored stay where they are.

        This breaks the order of keys once: `hash` and `key-based` place a key by the number of partitions, so most keys
        move, and the later messages of a key may be handled while earlier ones still wait in its former partition.
        Where that matters, stop the producers and let the groups catch up first. There is no way back: fewer partitions
        than there are raise InvalidConfiguration, as many change nothing. Producers that run follow at once. Raises
        UnknownTopic.
        """
        define_topic(name=name, partitions=partitions)
        store = self._store()
        with translated():
            in_transaction(store, lambda session: _grow(store, name, partitions, session))
        return self.get(name)


def _insert(store: Store, config: TopicConfig, session: ClientSession) -> None:
    at = now()
    # Tells this topic from former ones of the same name, to which the positions of a group may belong.
    identity = ObjectId()
    topic = {
        "_id": config.name,
        "topicId": identity,
        "partitions": config.partitions,
        "retentionMs": config.retention_ms,
        "createdAt": at,
        "updatedAt": at,
    }
    store.topics.insert_one(topic, session=session)
    counters = _counters(config.name, identity, 0, config.partitions)
    if store.messages(config.name).find_one({}, {"_id": 1}, session=session) is not None:
        # Of a former topic, whose description alone was removed: these offsets are taken.
        for counter in counters:
            place = counter["_id"]
            behind = reading.behind_last(store, topic=config.name, partition=place["partition"], session=session)
            counter["next"] = Int64(behind)
    store.counters.insert_many(counters, session=session)


def _grow(store: Store, name: str, partitions: int, session: ClientSession) -> None:
    before = store.topics.find_one_and_update(
        {"_id": name},
        {"$set": {"partitions": partitions, "updatedAt": now()}},
        return_document=ReturnDocument.BEFORE,
        session=session,
    )
    if before is None:
        raise UnknownTopic(name)
    present = before["partitions"]
    if partitions < present:
        raise InvalidConfiguration([f"topic {name!r} has {present} partitions and cannot have fewer"])
    if partitions > present:
        numbers = [counter_id(name, partition) for partition in range(present)]
        # Written to every counter, so that no send that counted on the former number can commit after this.
        store.counters.update_many({"_id": {"$in": numbers}}, {"$set": {"partitions": partitions}}, session=session)
        added = _counters(name, before.get("topicId"), present, partitions)
        store.counters.insert_many(added, session=session)


def _counters(topic: str, identity: ObjectId | None, first: int, partitions: int) -> list[Document]:
    return [
        {
            "_id": counter_id(topic, partition),
            "topicId": identity,
            "next": Int64(0),
            "at": None,
            "partitions": partitions,
        }
        for partition in range(first, partitions)
    ]


def _require_room(store: Store, topic: str) -> None:
    namespace = f"{store.database.name}.{messages_of(topic)}"
    if len(namespace.encode()) > LONGEST_NAMESPACE:
        raise InvalidConfiguration(
            [f"topic {topic!r} is too long for database {store.database.name!r}: 255 bytes together"]
        )


def _topic(document: Document) -> Topic:
    return Topic(
        name=document["_id"],
        partitions=document["partitions"],
        retention_ms=document["retentionMs"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
    )
