"""Publishing users to the topic of the demonstration."""

from typing import Any
from uuid import uuid4

import msgspec
import pymongo

from cqrs.broker import Broker, Message, Producer
from cqrs.broker.message import EVENT_ID, EVENT_TYPE, SOURCE, TRACEPARENT
from cqrs.broker.mongodb import translated
from cqrs.delivery.message_format import attributes_of, trace_id_of
from cqrs.opened import Opened
from services.delivery.topic import producer
from services.delivery.user import DemoUser

PATIENCE = 2.5


class PublishedUser(msgspec.Struct, frozen=True, kw_only=True):
    """What was published: the user, its trace, and the attributes of the message."""

    payload: DemoUser
    trace_id: str | None = msgspec.field(name="traceID")
    metadata: dict[str, str]


class Users:
    """Sends through `broker`."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._producer: Producer | None = None

    def publish(self, user: DemoUser, *, traceparent: str) -> PublishedUser:
        """Publish a user within a trace; it is stored when this returns. Raises Unavailable."""
        headers = {
            EVENT_ID: str(uuid4()),
            EVENT_TYPE: "user.created",
            SOURCE: "delivery",
            TRACEPARENT: traceparent,
        }
        value: Any = msgspec.to_builtins(user)
        with translated(), pymongo.timeout(PATIENCE):
            self._connected().send(Message(value=value, headers=headers))
        return PublishedUser(payload=user, trace_id=trace_id_of(headers), metadata=attributes_of(headers))

    def _connected(self) -> Producer:
        # With the first user and not at the start: a replica starts, and does its other work, without MongoDB.
        if self._producer is None:
            self._broker.connect()
            self._producer = self._broker.create_producer(producer)
        return self._producer


users: Opened[Users] = Opened("users")
