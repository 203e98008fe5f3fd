"""`/api/purchases`: the HTTP face of the shop."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse

from cqrs.broker.mongodb import STORE
from cqrs.web.access_log import note
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.errors import NotFound
from cqrs.web.idempotency_key import idempotency_key
from cqrs.web.validation import validate
from services.purchases.documentation import CREATE_PURCHASE, FIND_PURCHASE
from services.purchases.purchase import PurchaseIn, new_purchase
from services.purchases.shop import Taken, shop


class CreatePurchaseView(ApiView):
    """Takes in a purchase; answered only after the commit."""

    store = STORE

    @CREATE_PURCHASE
    def post(self, request: ApiRequest) -> HttpResponse:
        """Store a purchase and its message, once for each `Idempotency-Key`."""
        purchase = new_purchase(validate(request.data, PurchaseIn))
        taken = shop().take(purchase, idempotency_key(request))
        note(request, purchase_id=taken.purchase.id)
        return Answer.json(HTTPStatus.CREATED, taken.purchase, _headers(taken)).response()


class PurchaseView(ApiView):
    """Finds a purchase by its id."""

    store = STORE

    @FIND_PURCHASE
    def get(self, request: ApiRequest, purchase_id: UUID) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Answer with the purchase."""
        purchase = shop().find(purchase_id)
        if purchase is None:
            raise NotFound("There is no such purchase.")
        return Answer.json(HTTPStatus.OK, purchase).response()


def _headers(taken: Taken) -> dict[str, str]:
    location = {"Location": f"/api/purchases/{taken.purchase.id}"}
    return location | ({"Idempotent-Replayed": "true"} if taken.replayed else {})
