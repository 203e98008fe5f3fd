"""The users' projector: the event log on one side, the documents on the other, the saga between them."""

from typing import Any

from django.conf import settings

from cqrs.application import Application
from cqrs.eventlog.subscription import Handle, Subscription
from cqrs.eventlog.wakeup import Listener
from cqrs.worker import Worker
from cqrs_project import postgres
from cqrs_project.metrics import observe_batch, register_lag
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


class ProjectUsers:
    """The projector's work, for the run loop of `cqrs.worker`."""

    def __init__(self) -> None:
        self._subscription = users_subscription(lanes=LANES)
        self._listener = Listener(postgres.connect)

    def step(self) -> bool:
        """Run a batch on every shard that is free."""
        return self._subscription.step()

    def wait(self, seconds: float) -> None:
        """Wait for a hint."""
        self._listener.wait(seconds)

    def close(self) -> None:
        """Give back threads and connections."""
        self._listener.close()
        self._subscription.close()


def users_projector() -> Worker:
    """Return the worker that projects users; its process also measures how far it is behind."""
    register_lag(SUBSCRIPTION, AGGREGATE_TYPE)
    return Worker(NAME, ProjectUsers())
