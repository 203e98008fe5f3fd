"""What the write side of users brings to the application."""

from cqrs.application import Application
from users_command.commands import CreateUser, SynchronizeUser
from users_command.events import EVENTS
from users_command.handlers.create_users import create_users
from users_command.handlers.synchronize_users import synchronize_users


def register(application: Application) -> None:
    """Add the events of users and the handlers of what is asked of the write side in batches."""
    for event in EVENTS:
        application.add_event(event)
    application.add_handler(CreateUser, create_users)
    application.add_handler(SynchronizeUser, synchronize_users)
