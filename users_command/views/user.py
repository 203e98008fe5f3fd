"""`/api/v1/user-command/{id}` and `…/events`: one user on the write side."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse

from cqrs.context import current
from cqrs.eventlog.database import STORE, translated
from cqrs.messages import Envelope
from cqrs.web.access_log import note
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.conditional import etag, required_versions
from cqrs.web.errors import FieldError, InvalidRequest
from cqrs.web.idempotency import run_idempotently
from cqrs.web.parsers import MergePatchParser
from users_command.commands import DeleteUser, UpdateUser
from users_command.documentation import CHANGE_USER, READ_HISTORY, READ_USER, REMOVE_USER
from users_command.errors import LoginIsPermanent
from users_command.handlers.change_user import delete_user, update_user
from users_command.history import read_history
from users_command.representation import whole
from users_command.state import UserState, read_state


class UserView(ApiView):
    """Reads, changes and removes one user; changes are guarded by `If-Match`."""

    store = STORE
    parser_classes = [MergePatchParser]

    @READ_USER
    def get(self, request: ApiRequest, user_id: UUID) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Answer with the write side's state."""
        with translated():
            return _answer(read_state(user_id)).response()

    @CHANGE_USER
    def patch(self, request: ApiRequest, user_id: UUID) -> HttpResponse:
        """Apply a merge patch to the version that `If-Match` names."""
        allowed_versions, patch = required_versions(request), request.data
        if not isinstance(patch, dict):
            raise InvalidRequest([FieldError("", "Expected an object", "type")])
        command = UpdateUser(user_id=user_id, allowed_versions=allowed_versions, patch=patch)
        return run_idempotently(request, lambda: _changed(request, _change(command))).response()

    @REMOVE_USER
    def delete(self, request: ApiRequest, user_id: UUID) -> HttpResponse:
        """Remove the version that `If-Match` names."""
        command = DeleteUser(user_id=user_id, allowed_versions=required_versions(request))
        return run_idempotently(request, lambda: _removed(request, _remove(command))).response()


class UserEventsView(ApiView):
    """Reads what happened to one user."""

    store = STORE

    @READ_HISTORY
    def get(self, request: ApiRequest, user_id: UUID) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Answer with every stage, also of a deleted user."""
        with translated():
            return Answer.json(HTTPStatus.OK, read_history(user_id)).response()


def _change(command: UpdateUser) -> UserState:
    try:
        return update_user(Envelope(command, current()))
    except LoginIsPermanent as error:
        raise InvalidRequest([FieldError("login.uuid", str(error), "permanent")]) from error


def _remove(command: DeleteUser) -> UUID:
    return delete_user(Envelope(command, current()))


def _changed(request: ApiRequest, state: UserState) -> Answer:
    note(request, event_id=state.event_id)
    return _answer(state)


def _removed(request: ApiRequest, event_id: UUID) -> Answer:
    note(request, event_id=event_id)
    return Answer.empty(HTTPStatus.NO_CONTENT)


def _answer(state: UserState) -> Answer:
    return Answer.json(HTTPStatus.OK, whole(state), {"ETag": etag(state.version)})
