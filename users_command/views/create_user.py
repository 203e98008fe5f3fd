"""`POST /api/v1/user-command`: take in one user."""

from http import HTTPStatus

from django.http import HttpResponse

from cqrs.context import current
from cqrs.eventlog.database import STORE
from cqrs.messages import Envelope
from cqrs.web.access_log import note
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.conditional import etag
from cqrs.web.idempotency import run_idempotently
from cqrs.web.idempotency_key import idempotency_key
from cqrs.web.query_params import parse_query
from cqrs.web.validation import validate
from users_command.commands import CreateUser
from users_command.documentation import CREATE_USER
from users_command.errors import UserDeleted
from users_command.handlers.create_users import CreatedUser, create_users
from users_command.handlers.group import CREATIONS
from users_command.parameters import Run
from users_command.representation import accepted, location_of
from users_command.serializers import UserIn, profile_from


class CreateUserView(ApiView):
    """Takes in one user; answered only after the commit."""

    store = STORE

    @CREATE_USER
    def post(self, request: ApiRequest) -> HttpResponse:
        """Store a user under a run, once per `login.uuid`."""
        command = Envelope(_command(request), current())
        if idempotency_key(request) is None:
            return _answer(request, CREATIONS.submit(command)).response()
        return run_idempotently(request, lambda: _answer(request, create_users([command])[0])).response()


def _command(request: ApiRequest) -> CreateUser:
    seed = parse_query(request, Run).seed
    return CreateUser(seed=seed, profile=profile_from(validate(request.data, UserIn)))


def _answer(request: ApiRequest, user: CreatedUser) -> Answer:
    note(request, user_id=user.user_id, event_id=user.event_id)
    if user.deleted:
        raise UserDeleted(user.user_id)
    headers = {"Location": location_of(user.user_id), "ETag": etag(user.version)}
    if user.replayed:
        return Answer.json(HTTPStatus.OK, accepted(user), {**headers, "Idempotent-Replayed": "true"})
    return Answer.json(HTTPStatus.CREATED, accepted(user), headers)
