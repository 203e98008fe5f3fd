"""What the read side of users brings to the application."""

from cqrs.application import Application
from users_query.commands import RemoveUserDocument, StoreUserDocument
from users_query.projection import UserProjection
from users_query.saga import CONFIRM_USERS, PROJECT_USERS


def register(application: Application, projection: UserProjection, *, confirm: bool = True) -> None:
    """Add the projection and its process. A rebuild writes elsewhere and confirms nothing."""
    application.add_handler(StoreUserDocument, projection.store)
    application.add_handler(RemoveUserDocument, projection.remove)
    application.add_saga(PROJECT_USERS)
    if confirm:
        application.add_saga(CONFIRM_USERS)
