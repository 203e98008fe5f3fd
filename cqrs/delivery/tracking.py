"""Tracking of a broker's topics by an interceptor: a record for each message, and for each that a group has handled."""

from collections.abc import Sequence

from pymongo.client_session import ClientSession

from cqrs.broker import ConsumerRecord, Interceptor, Message
from cqrs.broker.mongodb import translated
from cqrs.broker.store import Store
from cqrs.broker.subscriptions import groups_of
from cqrs.clock import now
from cqrs.delivery.batched_writes import BatchedWrites, Write
from cqrs.delivery.ledger import PUBLISH_RECORDS, RECEIVED_RECORDS, Ledger
from cqrs.delivery.records import Document, failed, published, received


class Tracking(Interceptor):
    """Records in `ledger` what is published in the broker's database `broker_database` and what its groups handle.

    Both are recorded in the transaction of the message, or of the handler where it has one. What a handler without one
    has done, and sends that have failed, are recorded within half a second; a process that is killed before loses that.
    """

    def __init__(self, ledger: Ledger, *, broker_database: str) -> None:
        self._ledger = ledger
        self._broker_database = broker_database
        self._later = BatchedWrites(self._write)

    def before_append(self, records: Sequence[ConsumerRecord], session: ClientSession) -> None:
        """Record the messages, with the groups that each is expected by; a second one of an event is the same event."""
        if not records:
            return
        topic = records[0].topic
        groups = groups_of(Store(session.client, self._broker_database), topic, session=session)
        documents = {_key(document): document for document in (published(record, groups) for record in records)}
        found = self._ledger.collection(PUBLISH_RECORDS, session)
        identities = [document["_id"] for document in documents.values()]
        for known in found.find({"_id": {"$in": identities}}, {"_id": 1}, session=session):
            del documents[_key(known)]
        if documents:
            found.insert_many(list(documents.values()), session=session)

    def after_failing(self, topic: str, messages: Sequence[Message], error: Exception) -> None:  # noqa: ARG002 - the interceptor's signature
        """Record soon that the messages were not sent."""
        at = now()
        self._later.add([Write(collection=PUBLISH_RECORDS, change=failed(topic, one, at)) for one in messages])

    def after_handling(self, records: Sequence[ConsumerRecord], group_id: str, session: ClientSession | None) -> None:
        """Record that the group has handled the records."""
        at = now()
        changes = [received(record, group_id, at) for record in records]
        if session is None:
            self._later.add([Write(collection=RECEIVED_RECORDS, change=change) for change in changes])
        elif changes:
            self._ledger.collection(RECEIVED_RECORDS, session).bulk_write(changes, session=session)

    def close(self) -> None:
        """Write what was put off."""
        self._later.close()

    def _write(self, writes: Sequence[Write]) -> None:
        with translated():
            for name in (PUBLISH_RECORDS, RECEIVED_RECORDS):
                if changes := [write.change for write in writes if write.collection == name]:
                    self._ledger.collection(name).bulk_write(changes, ordered=False)


def _key(document: Document) -> str:
    event: str = document["_id"]["eventID"]
    return event
