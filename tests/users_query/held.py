"""Users that the read side holds, written by the projection itself but without the events before it."""

from collections.abc import Sequence
from uuid import UUID

from cqrs.context import Context
from cqrs.messages import Envelope
from cqrs.uuid7 import moment_of, new_uuid7
from users_command.events import Profile
from users_query.commands import RemoveUserDocument, StoreUserDocument
from users_query.projection import UserProjection

CONTEXT = Context(app_id="projector-1")
AT_ONE_TIME = 200


def user(
    *,
    email: str = "a@example.org",
    seed: str = "run-1",
    app_id: str = "instance-1",
    nat: str | None = None,
    gender: str | None = None,
    user_id: UUID | None = None,
    version: int = 1,
) -> StoreUserDocument:
    """A user that is new unless its id is given."""
    user_id = user_id or new_uuid7()
    moment = moment_of(user_id)
    return StoreUserDocument(
        user_id=user_id,
        version=version,
        seed=seed,
        app_id=app_id,
        profile=Profile(email=email, nat=nat, gender=gender),
        created_at=moment,
        updated_at=moment,
    )


def hold(*users: StoreUserDocument) -> list[str]:
    """Have the read side hold these users, and return their ids."""
    # Not all at once: a batch has a deadline, which a busy machine would miss with thousands.
    for start in range(0, len(users), AT_ONE_TIME):
        UserProjection().store([Envelope(command, CONTEXT) for command in users[start : start + AT_ONE_TIME]])
    return [str(command.user_id) for command in users]


def remove(user_ids: Sequence[str], *, version: int = 2) -> None:
    """Leave tombstones."""
    commands = [RemoveUserDocument(user_id=UUID(user_id), version=version) for user_id in user_ids]
    for start in range(0, len(commands), AT_ONE_TIME):
        UserProjection().remove([Envelope(command, CONTEXT) for command in commands[start : start + AT_ONE_TIME]])
