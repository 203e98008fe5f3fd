"""`GET /api/enrolments`: who is enrolled in what."""

from http import HTTPStatus

from django.http import HttpResponse

from cqrs.broker.mongodb import STORE
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.newest_first import id_before, newest_of
from cqrs.web.query_params import parse_query
from services.classroom.classroom import classroom
from services.classroom.documentation import LIST_ENROLMENTS
from services.classroom.parameters import EnrolmentParameters


class EnrolmentListView(ApiView):
    """Pages through the enrolments of a student by cursor."""

    store = STORE

    @LIST_ENROLMENTS
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with a page and the cursor of the next one."""
        wanted = parse_query(request, EnrolmentParameters)
        filters = {"student": wanted.student}
        # One more than asked for tells whether there is a next page.
        found = classroom().enrolments_of(
            wanted.student, limit=wanted.limit + 1, before=id_before(wanted.cursor, filters)
        )
        shown, cursor = newest_of(found, wanted.limit, lambda last: last.id, filters)
        return Answer.json(HTTPStatus.OK, {"items": shown, "nextCursor": cursor}).response()
