"""What a topic holds, read past the broker's own reading."""

from typing import Any

from bson import decode

from cqrs.broker import Broker


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
