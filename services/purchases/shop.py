"""The shop: a purchase and its message are written in one transaction, so that neither is ever there alone."""

from uuid import UUID

import msgspec
import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from cqrs.broker import Broker, Message, Producer
from cqrs.broker.message import EVENT_ID, EVENT_TYPE, SOURCE
from cqrs.broker.mongodb import translated
from cqrs.broker.transaction import in_transaction
from cqrs.opened import Opened
from cqrs.web.answered_requests import AnsweredRequests
from cqrs.web.idempotency_key import IdempotencyKey
from services.purchases.broker_client import PurchaseCreatedPayload, producers
from services.purchases.purchase import Document, Purchase, from_document, to_document

PURCHASES = "purchases"
REQUESTS = "purchase_requests"
# Seconds; after that whoever waits is told to come back later.
PATIENCE = 2.5


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase, and whether an earlier request with the same key had made it."""

    purchase: Purchase
    replayed: bool


class Shop:
    """Keeps purchases in `database`, and sends through `broker`, which has to be on the same replica set."""

    def __init__(self, database: Database[Document], broker: Broker) -> None:
        self._requests = AnsweredRequests(database[REQUESTS])
        self._database = database
        self._broker = broker
        self._producer: Producer | None = None

    def take(self, purchase: Purchase, key: IdempotencyKey | None = None) -> Taken:
        """Take in a purchase; under a key that was seen within 24 hours, return the one that was taken in then.

        Raises KeyReused where that was another request, Unavailable.
        """
        with translated(), pymongo.timeout(PATIENCE):
            producer = self._connected()
            return in_transaction(
                self._broker.store, lambda session: self._take(purchase, key, producer, session), seconds=PATIENCE
            )

    def find(self, purchase_id: UUID) -> Purchase | None:
        """Return a purchase, None where there is none. Raises Unavailable."""
        with translated(), pymongo.timeout(PATIENCE):
            document = self._database[PURCHASES].find_one({"_id": purchase_id})
        return None if document is None else from_document(document)

    def _take(
        self, purchase: Purchase, key: IdempotencyKey | None, producer: Producer, session: ClientSession
    ) -> Taken:
        # The session belongs to the broker's client, and so does whatever it is used for.
        purchases = session.client[self._database.name][PURCHASES]
        before = self._requests.answered(session, key)
        if before is not None:
            stored = purchases.find_one({"_id": before}, session=session)
            if stored is not None:
                return Taken(purchase=from_document(stored), replayed=True)
        self._requests.answer(session, key, purchase.id)
        purchases.insert_one(to_document(purchase), session=session)
        # Last, since from here on others who send to that partition have to wait.
        producer.send(_message(purchase), session=session)
        return Taken(purchase=purchase, replayed=False)

    def _connected(self) -> Producer:
        # With the first purchase and not at the start: a replica starts, and does its other work, without MongoDB.
        if self._producer is None:
            self._broker.connect()
            self._producer = self._broker.create_producer(producers.purchases_producer)
        return self._producer


shop: Opened[Shop] = Opened("shop")


def _message(purchase: Purchase) -> Message:
    payload = PurchaseCreatedPayload(purchase_id=purchase.id, customer=purchase.customer, product=purchase.product)
    headers = {EVENT_TYPE: "purchase.created", EVENT_ID: str(purchase.id), SOURCE: "purchases"}
    return producers.purchases_producer_message(payload, key=purchase.customer.id, headers=headers)
