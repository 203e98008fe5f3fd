"""`GET /api/v1/user-query`: users, newest first."""

from http import HTTPStatus

from django.http import HttpResponse

from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.newest_first import id_before, newest_of
from cqrs.web.query_params import parse_query
from users_query.documentation import LIST_USERS
from users_query.mongodb import STORE
from users_query.parameters import ListParameters
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
        before = id_before(parameters.cursor, filters)
        # One more than asked for tells whether there is a next page.
        documents = list_users(ListUsers(limit=parameters.limit + 1, before=before, **filters))
        shown, cursor = newest_of(documents, parameters.limit, lambda last: last["_id"], filters)
        return Answer.json(HTTPStatus.OK, {"items": list(map(represent, shown)), "nextCursor": cursor}).response()


def _filters(parameters: ListParameters) -> dict[str, str | None]:
    return {
        "seed": parameters.seed,
        "app_id": parameters.app_id,
        "nat": parameters.nat,
        "gender": parameters.gender,
        "email": parameters.email,
    }
