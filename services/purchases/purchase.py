"""A purchase: what is asked for, what is kept, and how it is answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from cqrs.clock import now
from cqrs.conversion import converted
from cqrs.uuid7 import new_uuid7
from services.purchases.broker_client import Customer, Product

Document = dict[str, Any]


class PurchaseIn(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client sends. Customer and product are those of the message: what cannot be told is not taken in."""

    customer: Customer
    product: Product


class Purchase(PurchaseIn, frozen=True, kw_only=True, rename="camel"):
    """A purchase that was taken in."""

    id: UUID
    purchased_at: datetime


def new_purchase(wanted: PurchaseIn) -> Purchase:
    """Return a purchase with an id of its own, made now."""
    return Purchase(id=new_uuid7(), customer=wanted.customer, product=wanted.product, purchased_at=now())


def to_document(purchase: Purchase) -> Document:
    """Return the purchase as MongoDB keeps it."""
    fields: Document = msgspec.to_builtins(purchase, builtin_types=(UUID, datetime))
    return {"_id": fields.pop("id"), **fields}


def from_document(document: Document) -> Purchase:
    """Return the purchase of a document."""
    return converted({**document, "id": document["_id"]}, Purchase)
