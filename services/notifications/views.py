"""`/alerts`: the HTTP face of the outbox."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse

from cqrs.broker.mongodb import STORE
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.errors import NotFound
from cqrs.web.newest_first import id_before, newest_of
from cqrs.web.query_params import parse_query
from cqrs.web.validation import validate
from services.notifications.alert_outbox import alert_outbox
from services.notifications.broker_client import SensorAlertPayload
from services.notifications.documentation import FIND_ALERT, KEEP_ALERT, LIST_ALERTS, RETRY_ALERT
from services.notifications.parameters import AlertParameters


class AlertsView(ApiView):
    """Takes alerts in, and pages through them."""

    http_method_names = ["get", "put", "head"]
    store = STORE

    @KEEP_ALERT
    def put(self, request: ApiRequest) -> HttpResponse:
        """Keep an alert, once for each reading."""
        alert_outbox().keep(validate(request.data, SensorAlertPayload))
        return Answer.empty().response()

    @LIST_ALERTS
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with a page and the cursor of the next one."""
        wanted = parse_query(request, AlertParameters)
        filters = {"state": wanted.state, "sensorId": str(wanted.sensor_id) if wanted.sensor_id else None}
        # One more than asked for tells whether there is a next page.
        found = alert_outbox().newest(
            state=wanted.state,
            sensor_id=wanted.sensor_id,
            before=id_before(wanted.cursor, filters),
            limit=wanted.limit + 1,
        )
        shown, cursor = newest_of(found, wanted.limit, lambda last: last.id, filters)
        return Answer.json(HTTPStatus.OK, {"items": shown, "nextCursor": cursor}).response()


class AlertView(ApiView):
    """Finds an alert by its id."""

    store = STORE

    @FIND_ALERT
    def get(self, request: ApiRequest, alert_id: UUID) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Answer with the alert and the state of its delivery."""
        found = alert_outbox().find(alert_id)
        if found is None:
            raise NotFound("There is no such alert.")
        return Answer.json(HTTPStatus.OK, found).response()


class RetryAlertView(ApiView):
    """Delivers an alert after all."""

    store = STORE

    @RETRY_ALERT
    def post(self, request: ApiRequest, alert_id: UUID) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Have a failed alert delivered."""
        if alert_outbox().retry(alert_id) is None:
            raise NotFound("There is no such alert.")
        return Answer.empty().response()
