"""The users' projector: the event log on one side, the documents on the other, the saga between them."""

from typing import Any

from django.conf import settings

from cqrs.application import Application
from cqrs.eventlog.subscription import Handle, Subscription
from cqrs.worker import Worker
from cqrs_project.metrics import observe_batch, register_lag
from cqrs_project.reading import Reading
from users_command import registration as write_side
from users_command.events import AGGREGATE_TYPE
from users_query import registration as read_side
from users_query.projection import UserProjection

NAME = "users-projector"
SUBSCRIPTION = "users"
# One waits for a store while the other computes.
LANES = 2


def users_application(projection: UserProjection, *, confirm: bool = True) -> Application:
    """Combine both sides of users; without `confirm` the write side is told nothing."""
    application = Application(app_id=settings.APP_ID)
    write_side.register(application)
    read_side.register(application, projection, confirm=confirm)
    return application


def users_subscription(handle: Handle | None = None, **options: Any) -> Subscription:
    """Return the subscription that keeps the documents in step with the log."""
    return Subscription(
        SUBSCRIPTION,
        aggregate_type=AGGREGATE_TYPE,
        handle=handle or users_application(UserProjection()).drive,
        observe=observe_batch,
        **options,
    )


def users_projector() -> Worker:
    """Return the worker that projects users; its process also measures how far it is behind."""
    register_lag(SUBSCRIPTION, AGGREGATE_TYPE)
    return Worker(NAME, Reading(users_subscription(lanes=LANES)))
