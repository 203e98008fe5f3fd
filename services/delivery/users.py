"""Publishing users to the topic of the demonstration."""

from typing import Any
from uuid import uuid4

import msgspec
import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from cqrs.broker import Broker, Message, Producer
from cqrs.broker.message import EVENT_ID, EVENT_TYPE, SOURCE, TRACEPARENT
from cqrs.broker.mongodb import translated
from cqrs.broker.transaction import in_transaction
from cqrs.conversion import converted
from cqrs.delivery.message_format import OPTIONS, attributes_of, trace_id_of
from cqrs.opened import Opened
from cqrs.web.answered_requests import AnsweredRequests
from cqrs.web.idempotency_key import IdempotencyKey
from services.delivery.topic import producer
from services.delivery.user import DemoUser

REQUESTS = "published_user_requests"
# Seconds; after that whoever waits is told to come back later.
PATIENCE = 2.5


class PublishedUser(msgspec.Struct, frozen=True, kw_only=True):
    """What was published: the user, its trace, and the attributes of the message."""

    payload: DemoUser
    trace_id: str | None = msgspec.field(name="traceID")
    metadata: dict[str, str]


class Publishing(msgspec.Struct, frozen=True, kw_only=True):
    """The user that was published, and whether an earlier request with the same key had done it."""

    published: PublishedUser
    replayed: bool


class Users:
    """Sends through `broker`, and notes requests in `database`, which has to be on the same replica set."""

    def __init__(self, broker: Broker, database: Database[dict[str, Any]]) -> None:
        self._broker = broker
        self._requests = AnsweredRequests(database[REQUESTS])
        self._producer: Producer | None = None

    def publish(
        self, user: DemoUser, *, traceparent: str, options: str | None = None, key: IdempotencyKey | None = None
    ) -> Publishing:
        """Publish a user within a trace, with options in JSON; it is stored when this returns.

        Under a key that was seen within 24 hours, return what was published then. Raises KeyReused where that was
        another request, Unavailable.
        """
        message = _message(user, traceparent, options)
        with translated(), pymongo.timeout(PATIENCE):
            producer = self._connected()
            if key is not None:
                return in_transaction(
                    self._broker.store, lambda session: self._once(user, message, key, session), seconds=PATIENCE
                )
            producer.send(message)
        return Publishing(published=_published(user, message), replayed=False)

    def prepare(self) -> None:
        """Create the index that lets requests expire, unless it is there. Raises Unavailable."""
        with translated():
            self._requests.prepare()

    def _once(self, user: DemoUser, message: Message, key: IdempotencyKey, session: ClientSession) -> Publishing:
        before = self._requests.answered(session, key)
        if before is not None:
            return Publishing(published=converted(before, PublishedUser), replayed=True)
        published = _published(user, message)
        self._requests.answer(session, key, msgspec.to_builtins(published))
        # Last, since from here on others who send to the topic have to wait.
        self._connected().send(message, session=session)
        return Publishing(published=published, replayed=False)

    def _connected(self) -> Producer:
        # With the first user and not at the start: a replica starts, and does its other work, without MongoDB.
        if self._producer is None:
            self._broker.connect()
            self._producer = self._broker.create_producer(producer)
        return self._producer


users: Opened[Users] = Opened("users")


def _message(user: DemoUser, traceparent: str, options: str | None) -> Message:
    value: Any = msgspec.to_builtins(user)
    headers = {EVENT_ID: str(uuid4()), EVENT_TYPE: "user.created", SOURCE: "delivery", TRACEPARENT: traceparent}
    return Message(value=value, headers=headers if options is None else {**headers, OPTIONS: options})


def _published(user: DemoUser, message: Message) -> PublishedUser:
    headers = message.headers
    return PublishedUser(payload=user, trace_id=trace_id_of(headers), metadata=attributes_of(headers))
