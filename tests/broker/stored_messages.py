"""What a topic holds, read past the broker's own reading."""

from collections import defaultdict
from typing import Any

from bson import decode

from cqrs.broker import Broker, Message, Sent, define_producer


def documents(broker: Broker, topic: str) -> list[dict[str, Any]]:
    """Return all stored messages of a topic, by partition and offset."""
    return [decode(document.raw) for document in broker.store.messages(topic).find().sort("_id", 1)]


def values(broker: Broker, topic: str) -> list[Any]:
    """Return the values of all messages, by partition and offset."""
    return [document["value"] for document in documents(broker, topic)]


def offsets(broker: Broker, topic: str) -> dict[int, list[int]]:
    """Return the offsets of each partition that has any, in order."""
    found: dict[int, list[int]] = {}
    for document in documents(broker, topic):
        found.setdefault(document["_id"]["partition"], []).append(document["_id"]["offset"])
    return found


def counted(broker: Broker, topic: str) -> dict[int, int]:
    """Return the next offset of each partition that has given any."""
    counters = broker.store.counters.find({"_id.topic": topic, "next": {"$gt": 0}})
    return {counter["_id"]["partition"]: counter["next"] for counter in counters}


def require_no_gaps(broker: Broker, topic: str) -> None:
    """Fail unless the offsets of every partition are 0, 1, 2, … up to what its counter says."""
    assert offsets(broker, topic) == {
        partition: list(range(number)) for partition, number in counted(broker, topic).items()
    }


def require_stored_once(broker: Broker, topic: str, sent: list[dict[str, Any]]) -> None:
    """Fail unless what is stored is what was acknowledged, once and where that said, and each key in its order."""
    found = [
        {"value": document["value"], "partition": document["_id"]["partition"], "offset": document["_id"]["offset"]}
        for document in documents(broker, topic)
    ]
    assert sorted(found, key=str) == sorted(sent, key=str)
    by_key: dict[str, list[str]] = defaultdict(list)
    for document in documents(broker, topic):
        by_key[document["key"]].append(document["value"])
    assert all(values == sorted(values) for values in by_key.values())


def require_again_changes_nothing(broker: Broker, topic: str, sent: list[dict[str, Any]]) -> None:
    """Fail where sending again under the same keys stores something or has another result."""
    producer = broker.create_producer(define_producer(topic=topic))
    before = len(documents(broker, topic))
    for place in sent[::10]:
        message = Message(key=place["value"].rpartition("-")[0], value=place["value"])
        again = producer.send(message, idempotency_key=place["value"])
        assert again == [Sent(partition=place["partition"], offset=place["offset"])]
    assert len(documents(broker, topic)) == before
