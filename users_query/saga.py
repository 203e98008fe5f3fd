"""The process that keeps the read side in step: what happened to a user → its document → the confirmation.

UserCreated, UserUpdated → StoreUserDocument  ┐
UserDeleted              → RemoveUserDocument ┴→ UserDocumentStored → SynchronizeUser
"""

from collections.abc import Iterator

from cqrs.messages import Command
from cqrs.saga import Saga
from users_command.commands import SynchronizeUser
from users_command.events import UserCreated, UserDeleted, UserUpdated
from users_query.commands import RemoveUserDocument, StoreUserDocument
from users_query.events import UserDocumentStored


def user_present(event: UserCreated | UserUpdated) -> Iterator[Command]:
    """A user that is there needs a document."""
    yield StoreUserDocument(
        user_id=event.user_id,
        version=event.version,
        seed=event.seed,
        app_id=event.app_id,
        profile=event.profile,
        created_at=event.created_at,
        updated_at=event.updated_at,
    )


def user_gone(event: UserDeleted) -> Iterator[Command]:
    """A user that is gone needs a tombstone, so that an older write that comes late cannot bring it back."""
    yield RemoveUserDocument(user_id=event.user_id, version=event.version)


def document_stored(event: UserDocumentStored) -> Iterator[Command]:
    """What the read side holds is confirmed to the write side."""
    yield SynchronizeUser(user_id=event.user_id, version=event.version, synchronized_at=event.stored_at)


PROJECT_USERS = Saga(
    name="project users",
    reactions={UserCreated: user_present, UserUpdated: user_present, UserDeleted: user_gone},
)
CONFIRM_USERS = Saga(name="confirm users", reactions={UserDocumentStored: document_stored})
