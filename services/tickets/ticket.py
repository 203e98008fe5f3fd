"""A ticket: what is asked for, what is stored, and how it is answered."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import mongoengine as me
import msgspec
from bson.decimal128 import Decimal128
from msgspec import Meta

from cqrs.web.validation import FieldRefused

COLLECTION = "tickets"
CENT = Decimal("0.01")
MOST = Decimal("9999999.99")

Title = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S", examples=["Concert"])]
Price = Annotated[
    Decimal, Meta(description="Above 0 with at most two places, as a number or as text.", examples=["20.00"])
]


class TicketIn(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sends."""

    title: Title
    price: Price

    def __post_init__(self) -> None:
        """Refuse what is no price."""
        price = self.price
        if not price.is_finite() or not 0 < price <= MOST or price != price.quantize(CENT):
            raise FieldRefused("price", f"Expected an amount from {CENT} to {MOST} with at most two places", "price")


class TicketChange(TicketIn, frozen=True, kw_only=True):
    """What a client sends in place of a ticket; `version`, where it is there, is the one to be changed."""

    version: Annotated[int, Meta(ge=1)] | None = None


class Ticket(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A ticket as it is stored. `price` is text with two places, `user_id` whose it is; versions count from 1."""

    id: UUID
    title: str
    price: str
    user_id: UUID
    version: int


class TicketDocument(me.Document):
    """The document of a ticket. What is stored is the client's title without the spaces around it."""

    meta = {"collection": COLLECTION, "auto_create_index": False}

    id = me.UUIDField(primary_key=True)
    title = me.StringField(required=True)
    price = me.Decimal128Field(required=True)
    user_id = me.UUIDField(required=True, db_field="userId")
    version = me.IntField(required=True, min_value=1)

    def clean(self) -> None:
        """Run by mongoengine before each save: why events are made of what was saved, not of what was sent."""
        self.title = self.title.strip()
        self.price = Decimal(str(self.price)).quantize(CENT)


def ticket_of(stored: dict[str, Any]) -> Ticket:
    """Return the ticket of a stored document."""
    price = stored["price"]
    return Ticket(
        id=stored["_id"],
        title=stored["title"],
        price=str(price.to_decimal() if isinstance(price, Decimal128) else price),
        user_id=stored["userId"],
        version=stored["version"],
    )
