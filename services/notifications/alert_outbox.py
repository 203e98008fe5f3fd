"""The outbox of alerts: each is kept once for its reading, and its delivery is noted beside it."""

from collections.abc import Sequence
from uuid import UUID

import pymongo
from pymongo import ASCENDING, DESCENDING, ReturnDocument, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from cqrs.broker.mongodb import translated, translated_outside
from cqrs.clock import now
from cqrs.opened import Opened
from services.notifications.broker_client import SensorAlertPayload as SensorAlert
from services.notifications.errors import AlertContradicted, AlreadySent
from services.notifications.notification import (
    Document,
    Notification,
    State,
    from_document,
    new_notification,
    reading_key,
    to_document,
)

NOTIFICATIONS = "notifications"
SENSOR = "context.context.reading.sensorId"
# Seconds; after that whoever waits is told to come back later.
PATIENCE = 2.0

INDEXES = {
    "of_reading": [("key", ASCENDING)],
    "newest_of_sensor": [(SENSOR, ASCENDING), ("_id", DESCENDING)],
    "newest_in_state": [("delivery.state", ASCENDING), ("_id", DESCENDING)],
    "of_sensor_in_state": [(SENSOR, ASCENDING), ("delivery.state", ASCENDING), ("_id", ASCENDING)],
}


class AlertOutbox:
    """Keeps notifications in `database`."""

    def __init__(self, database: Database[Document]) -> None:
        self.database = database

    def keep(self, alert: SensorAlert, *, session: ClientSession | None = None) -> None:
        """Keep an alert to be delivered; one of the same reading changes nothing.

        With a session in its transaction. Raises AlertContradicted where the reading had another value, Unavailable.
        """
        key = reading_key(alert)
        document = to_document(new_notification(alert))
        # The session may belong to another client of the replica set, and so does whatever it is used for.
        collection = self._collection if session is None else session.client[self.database.name][NOTIFICATIONS]
        with translated_outside(session), pymongo.timeout(PATIENCE):
            former = collection.find_one_and_update(
                {"key": key}, {"$setOnInsert": document}, upsert=True, session=session
            )
        if former is not None and from_document(former).context.context.reading.value != alert.context.reading.value:
            raise AlertContradicted(key)

    def keep_all(self, alerts: Sequence[SensorAlert], session: ClientSession) -> None:
        """Keep alerts in their order, in the session's transaction, as `keep` does each of them.

        Raises AlertContradicted where one of the readings had another value; the transaction is then to be aborted.
        """
        writes = [
            UpdateOne({"key": reading_key(alert)}, {"$setOnInsert": to_document(new_notification(alert))}, upsert=True)
            for alert in alerts
        ]
        # The session may belong to another client of the replica set, and so does whatever it is used for.
        collection = session.client[self.database.name][NOTIFICATIONS]
        collection.bulk_write(writes, session=session)
        kept = {
            document["key"]: document["context"]["context"]["reading"]["value"]
            for document in collection.find({"key": {"$in": [reading_key(alert) for alert in alerts]}}, session=session)
        }
        for alert in alerts:
            if kept[reading_key(alert)] != alert.context.reading.value:
                raise AlertContradicted(reading_key(alert))

    def find(self, notification_id: UUID) -> Notification | None:
        """Return a notification, None where there is none. Raises Unavailable."""
        with translated(), pymongo.timeout(PATIENCE):
            found = self._collection.find_one({"_id": notification_id})
        return None if found is None else from_document(found)

    def newest(
        self, *, state: State | None, sensor_id: UUID | None, before: UUID | None, limit: int
    ) -> list[Notification]:
        """Return at most `limit` notifications, newest first, from before that id on. Raises Unavailable."""
        wanted: Document = {}
        if state is not None:
            wanted["delivery.state"] = {"$eq": state}
        if sensor_id is not None:
            wanted[SENSOR] = {"$eq": sensor_id}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        with translated(), pymongo.timeout(PATIENCE):
            found = self._collection.find(wanted).sort("_id", DESCENDING).limit(limit)
            return [from_document(document) for document in found]

    def retry(self, notification_id: UUID) -> Notification | None:
        """Have a notification that failed delivered after all, and return it; None where there is none.

        One that waits for its delivery already is left as it is. Raises AlreadySent, Unavailable.
        """
        change = {"delivery": {"state": "pending", "attempts": 0, "lastError": None}, "updatedAt": now()}
        with translated(), pymongo.timeout(PATIENCE):
            changed = self._collection.find_one_and_update(
                {"_id": notification_id, "delivery.state": "failed"},
                {"$set": change},
                return_document=ReturnDocument.AFTER,
            )
        found = self.find(notification_id) if changed is None else from_document(changed)
        if found is not None and found.delivery.state == "sent":
            raise AlreadySent
        return found

    def pending(self, ids: Sequence[UUID]) -> list[Notification | None]:
        """Return for each id its notification, None where it has not to be delivered any more. Raises Unavailable."""
        with translated(), pymongo.timeout(PATIENCE):
            found = self._collection.find({"_id": {"$in": list(ids)}, "delivery.state": "pending"})
            by_id = {document["_id"]: from_document(document) for document in found}
        return [by_id.get(one) for one in ids]

    def note_sent(self, ids: Sequence[UUID]) -> list[None]:
        """Note that the provider has taken these. Raises Unavailable."""
        change = {"delivery.state": "sent", "delivery.lastError": None, "updatedAt": now()}
        with translated(), pymongo.timeout(PATIENCE):
            self._collection.update_many({"_id": {"$in": list(ids)}, "delivery.state": "pending"}, {"$set": change})
        return [None] * len(ids)

    def note_outage(self, notification_id: UUID, error: str) -> None:
        """Note what keeps it from being delivered now; that is no attempt. Raises Unavailable."""
        self._note(notification_id, {"$set": {"delivery.lastError": error}}, {"delivery.lastError": {"$ne": error}})

    def note_refusal(self, notification_id: UUID, error: str, *, attempts: int, most: int) -> State:
        """Note that the provider has refused it for the so many-th time, and return the state that follows.

        The notification fails when that is the last attempt, `most`. Raises Unavailable.
        """
        state: State = "failed" if attempts >= most else "pending"
        delivery = {"state": state, "attempts": attempts, "lastError": error}
        self._note(notification_id, {"$set": {"delivery": delivery}})
        return state

    def prepare(self) -> None:
        """Create the indexes, unless they are there. Raises Unavailable."""
        with translated():
            for name, keys in INDEXES.items():
                self._collection.create_index(keys, name=name, unique=name == "of_reading")

    def _note(self, notification_id: UUID, change: Document, where: Document | None = None) -> None:
        # Only while it is pending: whoever was late, because another has taken the feed over, changes nothing.
        wanted = {"_id": notification_id, "delivery.state": "pending", **(where or {})}
        change["$set"]["updatedAt"] = now()
        with translated(), pymongo.timeout(PATIENCE):
            self._collection.update_one(wanted, change)

    @property
    def _collection(self) -> Collection[Document]:
        return self.database[NOTIFICATIONS]


alert_outbox: Opened[AlertOutbox] = Opened("alert outbox")
