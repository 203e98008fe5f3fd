"""Single creations that are in flight in this process share a statement."""

from collections.abc import Sequence

from cqrs.eventlog.database import translated
from cqrs.group_commit import GroupCommit
from cqrs.messages import Envelope
from users_command.commands import CreateUser
from users_command.handlers.create_users import MOST_IN_A_STATEMENT, CreatedUser, create_users


def create_users_at_once(commands: Sequence[Envelope[CreateUser]]) -> list[CreatedUser]:
    """Store users by one statement, which is its own transaction. Raises Unavailable."""
    with translated():
        return create_users(commands)


CREATIONS: GroupCommit[Envelope[CreateUser], CreatedUser] = GroupCommit(create_users_at_once, limit=MOST_IN_A_STATEMENT)
