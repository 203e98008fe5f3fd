"""What the messages carry; each public class gets a JSON Schema. After a change: csbroker generate."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Title = Annotated[str, Meta(min_length=1, max_length=200)]


class Customer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who buys."""

    id: Name
    auth_user_id: Name


class Product(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is bought."""

    id: Name
    title: Title
    slug: Name


class PurchaseCreatedPayload(Struct, frozen=True, kw_only=True, rename="camel"):
    """A customer has bought a product."""

    purchase_id: UUID
    customer: Customer
    product: Product
