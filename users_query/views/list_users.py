"""`GET /api/v1/user-query`: users, newest first."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse

from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.cursor import decode_cursor
from cqrs.web.page import page_of
from cqrs.web.query_params import parse_query
from users_query.documentation import LIST_USERS
from users_query.mongodb import STORE
from users_query.parameters import ListParameters, Page
from users_query.queries import ListUsers, list_users
from users_query.representation import represent


class UserListView(ApiView):
    """Pages through the documents by cursor."""

    store = STORE

    @LIST_USERS
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with a page and the cursor of the next one."""
        parameters = parse_query(request, ListParameters)
        filters = _filters(parameters)
        page = decode_cursor(parameters.cursor, Page, filters) if parameters.cursor else None
        before = UUID(page.before) if page else None
        # One more than asked for tells whether there is a next page.
        documents = list_users(ListUsers(limit=parameters.limit + 1, before=before, **filters))
        shown, cursor = page_of(documents, parameters.limit, lambda last: Page(before=str(last["_id"])), filters)
        return Answer.json(HTTPStatus.OK, {"items": list(map(represent, shown)), "nextCursor": cursor}).response()


def _filters(parameters: ListParameters) -> dict[str, str | None]:
    return {
        "seed": parameters.seed,
        "app_id": parameters.app_id,
        "nat": parameters.nat,
        "gender": parameters.gender,
        "email": parameters.email,
    }
