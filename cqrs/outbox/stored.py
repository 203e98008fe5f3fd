"""How an event is stored, and what is read back of it."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from bson import encode
from bson.errors import InvalidDocument

from cqrs.broker.message import TRACEPARENT
from cqrs.broker.store import CODEC
from cqrs.context import current
from cqrs.conversion import converted
from cqrs.outbox.errors import EventTooLarge, InvalidEvent
from cqrs.outbox.new_event import NewEvent, require_valid
from cqrs.publishers.outgoing_event import OutgoingEvent

Document = dict[str, Any]
State = Literal["waiting", "publishing", "failing", "parked"]


class Failure(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One attempt that failed by the event's own fault: the `attempt`-th, by the process `worker`."""

    at: datetime
    error: str
    type: str
    attempt: int
    worker: str


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A waiting event as operators see it; its data is not in it.

    `attempts` are the failures since it was stored, or retried by hand. `failing` waits for its next attempt,
    `publishing` is claimed by `lock_owner` until `locked_until`, `parked` waits for a human.
    """

    event_id: str
    subject: str
    event_type: str
    aggregate_type: str
    aggregate_id: str
    sequence: int
    state: State
    attempts: int
    failures: tuple[Failure, ...]
    lock_owner: str | None
    locked_until: datetime
    next_attempt_at: datetime | None
    parked_at: datetime | None
    created_at: datetime


def document_of(event: NewEvent, index: int, *, largest: int) -> Document:
    """Return what the event itself determines of its document; times and lock come with the write.

    Raises InvalidEvent, EventTooLarge.
    """
    require_valid(event, index)
    document = {
        "_id": event.event_id,
        "subject": event.subject,
        "type": event.event_type,
        "orderingKey": event.ordering_key,
        "aggregate": {"type": event.aggregate_type, "id": event.aggregate_id, "sequence": event.sequence},
        "data": event.data,
        "headers": _with_trace(event),
        "isLocked": True,
        "lockOwner": None,
        "lockToken": None,
        "failures": [],
        "attempts": 0,
        "nextAttemptAt": None,
        "parkedAt": None,
        "noticeDueAt": None,
    }
    try:
        size = len(encode(document, codec_options=CODEC))
    except UnicodeEncodeError as error:
        raise InvalidEvent(index, "holds a lone surrogate, which is no character") from error
    except (InvalidDocument, OverflowError) as error:
        raise InvalidEvent(index, f"cannot be stored: {error}") from error
    if size > largest:
        raise EventTooLarge(index, size=size, limit=largest)
    return document


def outgoing_of(document: Document) -> OutgoingEvent:
    """Return the event as a publisher takes it."""
    return OutgoingEvent(
        event_id=document["_id"],
        subject=document["subject"],
        event_type=document["type"],
        ordering_key=document["orderingKey"],
        sequence=document["aggregate"]["sequence"],
        data=document["data"],
        headers=document["headers"],
        created_at=document["createdAt"],
    )


def stored_of(document: Document) -> StoredEvent:
    """Return what operators see of a document."""
    aggregate = document["aggregate"]
    return StoredEvent(
        event_id=document["_id"],
        subject=document["subject"],
        event_type=document["type"],
        aggregate_type=aggregate["type"],
        aggregate_id=aggregate["id"],
        sequence=aggregate["sequence"],
        state=_state_of(document),
        attempts=document["attempts"],
        failures=tuple(converted(failure, Failure) for failure in document["failures"]),
        lock_owner=document["lockOwner"],
        locked_until=document["lockedUntil"],
        next_attempt_at=document["nextAttemptAt"],
        parked_at=document["parkedAt"],
        created_at=document["createdAt"],
    )


def _state_of(document: Document) -> State:
    if document["parkedAt"] is not None:
        return "parked"
    if not document["isLocked"]:
        return "failing"
    return "waiting" if document["lockOwner"] is None else "publishing"


def _with_trace(event: NewEvent) -> dict[str, str]:
    traceparent = current().traceparent
    if traceparent is None or TRACEPARENT in event.headers:
        return dict(event.headers)
    return {**event.headers, TRACEPARENT: traceparent}
