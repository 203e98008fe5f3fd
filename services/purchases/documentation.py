"""What Swagger UI says about purchases."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

from cqrs.web.openapi import IDEMPOTENCY_KEY, LOCATION, REPLAYED, Reply, operation
from services.purchases.purchase import Purchase, PurchaseIn

TAG = "Purchases (MongoDB and the broker)"
WANTED: dict[str, Any] = {
    "customer": {"id": "customer-1", "authUserId": "user-1"},
    "product": {"id": "product-1", "title": "Algebra", "slug": "algebra"},
}
PURCHASE: dict[str, Any] = {
    **WANTED,
    "id": "0193494e-3b1c-7c5a-8c52-0242ac120002",
    "purchasedAt": "2026-11-21T14:10:52.123Z",
}

CREATE_PURCHASE = operation(
    tag=TAG,
    summary="Create purchase",
    description="Stores the purchase and its message on the topic `purchases.new-purchase` in one transaction. The "
    "classroom enrols the customer a moment later.",
    body={"application/json": PurchaseIn},
    replies={201: Reply(Purchase, "Stored, and on its way", headers=(LOCATION, REPLAYED))},
    problems=(400, 411, 413, 415, 422, 503),
    headers=(IDEMPOTENCY_KEY,),
    examples=[
        OpenApiExample("A course", WANTED, request_only=True),
        OpenApiExample("The purchase", PURCHASE, response_only=True, status_codes=["201"]),
    ],
)
FIND_PURCHASE = operation(
    tag=TAG,
    summary="Find purchase",
    replies={200: Reply(Purchase, "The purchase")},
    problems=(404, 503),
    examples=[OpenApiExample("The purchase", PURCHASE, response_only=True, status_codes=["200"])],
)
