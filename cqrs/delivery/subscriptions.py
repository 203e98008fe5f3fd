"""Who listens to a stream: listeners register here, so that publishers know who is expected to receive an event."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
import pymongo

from cqrs.broker.mongodb import translated
from cqrs.conversion import converted
from cqrs.delivery.ledger import SUBSCRIPTIONS, Ledger
from cqrs.delivery.records import Document
from cqrs.publishers.jetstream.listener_settings import ListenerSettings
from cqrs.publishers.jetstream.settings import StreamSettings
from cqrs.publishers.jetstream.subjects import pattern_of

SECONDS = 5.0


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """The service `name` listens to `subjects` of the stream, with `*` and `>` for any, since so long."""

    stream: str
    name: str
    subjects: tuple[str, ...]
    since: datetime


class Subscriptions:
    """The subscriptions of one stream in the ledger's database. For any thread. All methods raise Unavailable."""

    def __init__(self, ledger: Ledger, stream: StreamSettings) -> None:
        self._collection = ledger.collection(SUBSCRIPTIONS)
        self._stream = stream.name

    def register(self, listener: ListenerSettings) -> None:
        """Have the listener's service expected to receive what is published from now on; again, with its subjects."""
        changes: Mapping[str, object] = {
            "stream": self._stream,
            "name": listener.service,
            # A subject may begin with a dollar.
            "subjects": {"$literal": list(listener.subjects)},
            "since": {"$ifNull": ["$since", "$$NOW"]},
        }
        with translated(), pymongo.timeout(SECONDS):
            self._collection.update_one({"_id": self._id(listener.service)}, [{"$set": changes}], upsert=True)

    def remove(self, name: str) -> bool:
        """Expect nothing any more of the service for what is published from now on; say whether it was registered.

        Its listeners have to be gone: one that starts registers again.
        """
        with translated(), pymongo.timeout(SECONDS):
            return bool(self._collection.delete_one({"_id": self._id(name)}).deleted_count)

    def all(self) -> list[Subscription]:
        """Return the subscriptions by name."""
        with translated(), pymongo.timeout(SECONDS):
            return [_subscription(found) for found in self._collection.find({"stream": self._stream}).sort("name")]

    def _id(self, name: str) -> Document:
        return {"stream": self._stream, "name": name}


def expected(subject: str, subscriptions: list[Subscription]) -> tuple[str, ...]:
    """Return the names of the subscriptions that the subject is among those of."""
    return tuple(one.name for one in subscriptions if pattern_of(subject, one.subjects) is not None)


def _subscription(document: Document) -> Subscription:
    return converted({name: document[name] for name in Subscription.__struct_fields__}, Subscription)
