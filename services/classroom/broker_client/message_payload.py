"""What this service reads of the messages; further fields are ignored. After a change: csbroker generate."""

from uuid import UUID

from msgspec import Struct


class Customer(Struct, frozen=True, kw_only=True):
    """Who has bought."""

    id: str


class Product(Struct, frozen=True, kw_only=True):
    """What was bought."""

    id: str
    title: str
    slug: str


class PurchaseCreatedPayload(Struct, frozen=True, kw_only=True, rename="camel"):
    """A customer has bought a product."""

    purchase_id: UUID
    customer: Customer
    product: Product
