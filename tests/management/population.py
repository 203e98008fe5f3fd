"""Users for the commands to work on, made by the real handlers."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

from django.db import transaction

from cqrs.context import Context
from cqrs.messages import Envelope
from cqrs_project.projector import users_subscription
from users_command import commands, events
from users_command.handlers.change_user import delete_user, update_user
from users_command.handlers.group import create_users_at_once
from users_query.documents import COLLECTION
from users_query.mongodb import Documents, database

CONTEXT = Context(app_id="test", seed="management")
_numbers = itertools.count()


def create(count: int = 1, *, email: str | None = None) -> list[UUID]:
    """Store new users, all parts given, in one transaction."""
    created = create_users_at_once([_command(email or f"user{next(_numbers)}@example.org") for _ in range(count)])
    return [user.user_id for user in created]


def rename(user_id: UUID, email: str) -> None:
    """Give a user another address, as a PATCH does."""
    with transaction.atomic():
        command = commands.UpdateUser(user_id=user_id, allowed_versions=None, patch={"email": email})
        update_user(Envelope(command, CONTEXT))


def delete(user_id: UUID) -> None:
    """Delete a user, as a DELETE does."""
    with transaction.atomic():
        command = commands.DeleteUser(user_id=user_id, allowed_versions=None)
        delete_user(Envelope(command, CONTEXT))


def project() -> None:
    """Do what the projector would do, to the end."""
    users_subscription().drain()


def documents() -> Documents:
    """The live collection."""
    return database()[COLLECTION]


@contextmanager
def refusing(email: str) -> Iterator[None]:
    """Let MongoDB refuse every document with this address, in the live collection."""
    database().command("collMod", COLLECTION, validator={"email": {"$ne": email}})
    try:
        yield
    finally:
        database().command("collMod", COLLECTION, validator={})


def _command(email: str) -> Envelope[commands.CreateUser]:
    profile = events.Profile(
        email=email,
        name=events.Name(first="Ada", last="Lovelace"),
        location=events.Location(city="London", street=events.Street(number=12, name="St James's Square")),
        login=events.Login(uuid=uuid4(), username="ada"),
        identity=events.Identity(name="NINO", value="QQ 12 34 56 C"),
        nat="GB",
    )
    return Envelope(commands.CreateUser(seed="management", profile=profile), CONTEXT)
