"""`POST /api/v1/user-command/bulk`: take in many users at once."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

from cqrs.context import Context, current
from cqrs.eventlog.database import STORE
from cqrs.messages import Envelope
from cqrs.web.access_log import note
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.errors import FieldError, InvalidRequest
from cqrs.web.idempotency import run_idempotently
from cqrs.web.idempotency_key import idempotency_key
from cqrs.web.parsers import BULK_BODY_LIMIT, JsonParser, NdjsonParser
from cqrs.web.query_params import parse_query
from cqrs.web.strict_json import JsonRefused
from cqrs.web.validation import validate
from users_command.commands import CreateUser
from users_command.documentation import CREATE_USERS
from users_command.handlers.create_users import CreatedUser, create_users
from users_command.handlers.group import create_users_at_once
from users_command.parameters import PerhapsRun, Run
from users_command.representation import BulkResult, Rejected
from users_command.serializers import UserIn, profile_from

MOST_USERS = 5000
DELETED = FieldError("login.uuid", "The user with this login was deleted in this run", "deleted")

Valid = list[tuple[int, Envelope[CreateUser]]]
Create = Callable[[Sequence[Envelope[CreateUser]]], list[CreatedUser]]


class CreateUsersView(ApiView):
    """Takes in up to 5,000 users: an array, a whole randomuser.me response, or a user a line."""

    store = STORE
    parser_classes = [JsonParser, NdjsonParser]
    body_limit = BULK_BODY_LIMIT
    max_lines = MOST_USERS

    @CREATE_USERS
    def post(self, request: ApiRequest) -> HttpResponse:
        """Store the valid users and report the others by their place."""
        seed, given = _users(request)
        valid, rejected = _sort_out(seed, given, current())

        def store(create: Create) -> Answer:
            users = create([command for _, command in valid]) if valid else []
            result = _result(seed, valid, users, rejected)
            note(request, users_created=result.created, users_rejected=len(result.rejected))
            return Answer.json(HTTPStatus.OK, result)

        if idempotency_key(request) is None:
            return store(create_users_at_once).response()
        return run_idempotently(request, lambda: store(create_users)).response()


def _users(request: ApiRequest) -> tuple[str, list[Any]]:
    given = parse_query(request, PerhapsRun).seed
    body: Any = request.data
    if isinstance(body, dict):
        info = body.get("info")
        if given is None and isinstance(info, dict):
            given = info.get("seed")
        body = body.get("results")
    if not isinstance(body, list):
        raise InvalidRequest([FieldError("", "Expected an array of users or an object with `results`", "type")])
    if len(body) > MOST_USERS:
        raise InvalidRequest([FieldError("", f"More than {MOST_USERS} users", "length")])
    values = {} if given is None else {"seed": given}
    return validate(values, Run).seed, body


def _sort_out(seed: str, users: list[Any], context: Context) -> tuple[Valid, list[Rejected]]:
    valid: Valid = []
    rejected: list[Rejected] = []
    for index, user in enumerate(users):
        # Given back one by one: thousands of users must not stand in memory twice.
        users[index] = None
        try:
            profile = profile_from(validate(_unwrapped(user), UserIn))
        except InvalidRequest as error:
            rejected.append(Rejected(index=index, errors=list(error.errors)))
        else:
            valid.append((index, Envelope(CreateUser(seed=seed, profile=profile), context)))
    return valid, rejected


def _unwrapped(user: Any) -> Any:
    """A line of NDJSON comes as (index, value), or with the reason why it is none."""
    value = user[1] if isinstance(user, tuple) else user
    if isinstance(value, JsonRefused):
        raise value
    return value


def _result(seed: str, valid: Valid, users: Sequence[CreatedUser], rejected: list[Rejected]) -> BulkResult:
    gone = [
        Rejected(index=index, errors=[DELETED]) for (index, _), user in zip(valid, users, strict=True) if user.deleted
    ]
    return BulkResult(
        seed=seed,
        created=sum(not user.replayed for user in users),
        replayed=sum(user.replayed and not user.deleted for user in users),
        rejected=sorted([*rejected, *gone], key=lambda one: one.index),
    )
