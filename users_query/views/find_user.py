"""`GET /api/v1/user-query/{id}` and `…/email`: one user, at once or as soon as it has a version."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse

from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.conditional import etag
from cqrs.web.consistency import wait_for
from cqrs.web.errors import NotFound
from cqrs.web.query_params import parse_query
from users_query.documentation import FIND_BY_EMAIL, FIND_USER
from users_query.mongodb import STORE
from users_query.parameters import EmailParameters, UserParameters
from users_query.queries import Document, FindUser, FindUserByEmail, find_user, find_user_by_email
from users_query.representation import represent

RETRY_AFTER = 1.0


class UserDocumentView(ApiView):
    """Finds a user by its id."""

    store = STORE

    @FIND_USER
    def get(self, request: ApiRequest, user_id: UUID) -> HttpResponse:
        """Answer with the document."""
        wanted = parse_query(request, UserParameters)
        return _answer(lambda: find_user(FindUser(user_id=user_id)), wanted)


class UserByEmailView(ApiView):
    """Finds the newest user with an address."""

    store = STORE

    @FIND_BY_EMAIL
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with the document."""
        wanted = parse_query(request, EmailParameters)
        query = FindUserByEmail(email=wanted.email, seed=wanted.seed)
        return _answer(lambda: find_user_by_email(query), wanted)


def _answer(read: Callable[[], Document | None], wanted: UserParameters) -> HttpResponse:
    least = wanted.min_version or 1
    document = wait_for(read, lambda found: bool(found["version"] >= least), wanted.wait or 0)
    if document is None:
        # It may be on its way: whoever expects it is told when to ask again.
        expected = wanted.min_version is not None or wanted.wait is not None
        raise NotFound("There is no such user on the read side.", retry_after=RETRY_AFTER if expected else None)
    return Answer.json(HTTPStatus.OK, represent(document), {"ETag": etag(document["version"])}).response()
