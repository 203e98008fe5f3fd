"""Who may look after failed events over HTTP: whoever sends the operators' token, where the project has set one."""

import hmac
from typing import Any

from django.conf import settings

from cqrs.web.api_view import ApiView
from cqrs.web.errors import Unauthorized

SETTING = "OUTBOX_OPERATOR_TOKEN"
SCHEME = "bearer"


class NotAnOperator(Unauthorized):
    """The request carries no token, or not the operators' (401)."""

    def __init__(self) -> None:
        super().__init__("This is for operators: send their token as Authorization: Bearer.")


class OperatorView(ApiView):
    """A view for operators. Where Django's setting `OUTBOX_OPERATOR_TOKEN` is missing or empty, it is open to all."""

    def perform_authentication(self, request: Any) -> None:
        """Called by REST framework before the view. Raises NotAnOperator."""
        token = getattr(settings, SETTING, "")
        scheme, _, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if token and not (scheme.lower() == SCHEME and hmac.compare_digest(given.strip().encode(), token.encode())):
            raise NotAnOperator
