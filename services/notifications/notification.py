"""A notification: an alert as it is kept, and how far its delivery has come."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from cqrs.clock import now
from cqrs.conversion import converted
from cqrs.uuid7 import new_uuid7
from services.notifications.broker_client import SensorAlertPayload as SensorAlert

Document = dict[str, Any]
State = Literal["pending", "sent", "failed"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Delivery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`attempts` counts what the provider refused; `last_error` is what went wrong last, null where nothing did."""

    state: State
    attempts: int
    last_error: str | None


class Notification(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An alert that was taken in once. Those of a sensor are told in the order in which they were kept."""

    id: UUID
    type: Literal["alert"]
    context: SensorAlert
    created_at: datetime
    updated_at: datetime
    delivery: Delivery

    @property
    def text(self) -> str:
        """What the provider is to tell."""
        reading = self.context.context.reading
        moment = (_EPOCH + timedelta(milliseconds=reading.time)).isoformat(timespec="milliseconds")
        value = msgspec.json.encode(reading.value).decode()
        return (
            f"The sensor with id: {reading.sensor_id} showed critical value of: {value} "
            f"at {moment.removesuffix('+00:00')}Z"
        )


def new_notification(alert: SensorAlert) -> Notification:
    """Return the notification of an alert, to be delivered."""
    at = now()
    delivery = Delivery(state="pending", attempts=0, last_error=None)
    return Notification(id=new_uuid7(), type="alert", context=alert, created_at=at, updated_at=at, delivery=delivery)


def reading_key(alert: SensorAlert) -> str:
    """Return what a reading is known by: its sensor and time."""
    return f"{alert.context.reading.sensor_id}/{alert.context.reading.time}"


def to_document(notification: Notification) -> Document:
    """Return the notification as MongoDB keeps it."""
    fields: Document = msgspec.to_builtins(notification, builtin_types=(UUID, datetime))
    return {"_id": fields.pop("id"), **fields}


def from_document(document: Document) -> Notification:
    """Return the notification of a document. Raises msgspec.ValidationError where it holds none."""
    return converted({**document, "id": document["_id"]}, Notification)
