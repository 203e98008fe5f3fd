"""Tracking of a broker's topics by an interceptor: a record for each message, and for each that a group has handled."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pymongo.client_session import ClientSession

from cqrs.broker import ConsumerRecord, Interceptor, Message
from cqrs.broker.message import EVENT_ID
from cqrs.broker.store import Store
from cqrs.clock import now
from cqrs.delivery.ledger import Ledger
from cqrs.delivery.message_format import EVENT, trace_id_of
from cqrs.delivery.readers import Readers
from cqrs.delivery.recording import Recording
from cqrs.delivery.records import Publishing, TrackedEvent, milliseconds, payload_of
from cqrs.uuid7 import new_uuid7


class Tracking(Interceptor):
    """Records in `ledger` what is published in the broker's database `broker_database` and what its groups handle.

    Both are recorded in the transaction of the message, or of the handler where it has one. What a handler without one
    has done, and sends that have failed, are recorded within half a second; a process that is killed before loses that.
    """

    def __init__(self, ledger: Ledger, *, broker_database: str) -> None:
        self._recording = Recording(ledger)
        self._readers = Readers()
        self._broker_database = broker_database

    def before_append(self, records: Sequence[ConsumerRecord], session: ClientSession) -> None:
        """Record the messages, with the groups that each is expected by."""
        if not records:
            return
        groups = self._readers.of(records[0].topic, Store(session.client, self._broker_database))
        events = [_event_of(record, payload_of(record.message.value)) for record in records]
        self._recording.insert_publications(events, groups, session)

    def after_failing(self, topic: str, messages: Sequence[Message], error: Exception) -> None:  # noqa: ARG002 - the interceptor's signature
        """Record soon that the messages were not sent."""
        at = now()
        self._recording.publications_soon(
            Publishing(event=_failed(topic, message, at), status="failed") for message in messages
        )

    def after_handling(self, records: Sequence[ConsumerRecord], group_id: str, session: ClientSession | None) -> None:
        """Record that the group has handled the records."""
        # What was published is on record already.
        events = [_event_of(record, payload="") for record in records]
        if session is None:
            self._recording.receipts_soon(events, subscription=group_id, at=now())
        else:
            self._recording.write_receipts(events, subscription=group_id, at=now(), session=session)

    def close(self) -> None:
        """Write what was put off."""
        self._recording.close()


def event_id_of(record: ConsumerRecord) -> str:
    """Return the id of the event in a stored message: what its header says, or one that its place makes."""
    # A topic that is made anew begins at the first offset again, at another time.
    return (
        _named(record.message.headers)
        or f"{record.topic}/{record.partition}/{record.offset}@{milliseconds(record.timestamp)}"
    )


def _named(headers: Mapping[str, str]) -> str | None:
    return headers.get(EVENT_ID) or headers.get(EVENT)


def _event_of(record: ConsumerRecord, payload: str) -> TrackedEvent:
    return TrackedEvent(
        topic=record.topic,
        event_id=event_id_of(record),
        trace_id=trace_id_of(record.message.headers),
        payload=payload,
        published_at=record.timestamp,
    )


def _failed(topic: str, message: Message, at: datetime) -> TrackedEvent:
    return TrackedEvent(
        topic=topic,
        event_id=_named(message.headers) or str(new_uuid7()),
        trace_id=trace_id_of(message.headers),
        payload=payload_of(message.value),
        published_at=at,
    )
