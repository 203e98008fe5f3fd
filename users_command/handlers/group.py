"""Single creations that are in flight in this process share a transaction."""

from collections.abc import Sequence

from django.db import transaction

from cqrs.eventlog.database import translated
from cqrs.group_commit import GroupCommit
from cqrs.messages import Envelope
from users_command.commands import CreateUser
from users_command.handlers.create_users import CreatedUser, create_users


def create_users_at_once(commands: Sequence[Envelope[CreateUser]]) -> list[CreatedUser]:
    """Store users in a transaction of their own. Raises Unavailable."""
    with translated(), transaction.atomic():
        return create_users(commands)


CREATIONS: GroupCommit[Envelope[CreateUser], CreatedUser] = GroupCommit(create_users_at_once)
