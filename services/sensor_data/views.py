"""`/data` and `/sensors/{id}/valid-range`: the HTTP face of the sensor log."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse

from cqrs.broker.mongodb import STORE
from cqrs.web.access_log import note
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.cursor import decode_cursor
from cqrs.web.page import page_of
from cqrs.web.query_params import parse_query
from cqrs.web.validation import validate
from services.sensor_data.documentation import LIST_READINGS, SET_VALID_RANGE, SHOW_VALID_RANGE, STORE_READING
from services.sensor_data.parameters import ReadingPage, ReadingParameters
from services.sensor_data.reading import Reading
from services.sensor_data.sensor_log import sensor_log
from services.sensor_data.valid_range import ValidRange


class DataView(ApiView):
    """Takes readings in, and pages through those of a sensor."""

    http_method_names = ["get", "put", "head"]
    store = STORE

    @STORE_READING
    def put(self, request: ApiRequest) -> HttpResponse:
        """Store a reading; answered once it is on a majority's disks."""
        stored = sensor_log().store(validate(request.data, Reading))
        note(request, reading_id=stored.id, sensor_id=stored.sensor_id)
        return Answer.empty().response()

    @LIST_READINGS
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with a page; a `Link` leads to the next one."""
        wanted = parse_query(request, ReadingParameters)
        filters = _filters(wanted)
        page = decode_cursor(wanted.cursor, ReadingPage, filters) if wanted.cursor else None
        # One more than asked for tells whether there is a next page.
        found = sensor_log().readings_of(
            wanted.sensor_id,
            since=wanted.since,
            until=wanted.until,
            after=page.after if page else None,
            limit=wanted.limit + 1,
        )
        shown, cursor = page_of(found, wanted.limit, lambda last: ReadingPage(after=last["time"]), filters)
        headers = {} if cursor is None else {"Link": _next_page(request, cursor)}
        return Answer.json(HTTPStatus.OK, shown, headers).response()


class ValidRangeView(ApiView):
    """The valid range of one sensor."""

    http_method_names = ["get", "put", "head"]
    store = STORE

    @SET_VALID_RANGE
    def put(self, request: ApiRequest, sensor_id: UUID) -> HttpResponse:
        """Give a sensor a range of its own."""
        sensor_log().set_valid_range(sensor_id, validate(request.data, ValidRange))
        return Answer.empty().response()

    @SHOW_VALID_RANGE
    def get(self, request: ApiRequest, sensor_id: UUID) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Answer with the range that counts for a sensor now."""
        return Answer.json(HTTPStatus.OK, sensor_log().valid_range(sensor_id)).response()


def _next_page(request: ApiRequest, cursor: str) -> str:
    query = request.query_params.copy()
    query["cursor"] = cursor
    return f'<{request.path}?{query.urlencode()}>; rel="next"'


def _filters(wanted: ReadingParameters) -> dict[str, str | None]:
    return {
        "sensorId": str(wanted.sensor_id),
        "since": None if wanted.since is None else str(wanted.since),
        "until": None if wanted.until is None else str(wanted.until),
    }
