"""The composition root: the one place that knows all parts and puts them together. Nobody imports it."""

from django.conf import settings

from cqrs.errors import ConcurrentAppend
from cqrs.eventlog import wakeup
from cqrs.management.projections import register_projection
from cqrs.management.workers import register_worker
from cqrs.web import bulkhead, consistency
from cqrs.web.health import register_probe
from cqrs.web.idempotency_key import register_idempotency_problems
from cqrs.web.problem import CONFLICT, NOT_FOUND, STALE_VERSION, register_problem
from cqrs_project import metrics, postgres, projections, projector, services, users_publisher
from users_command import errors as user_errors
from users_query import mongodb


def compose() -> None:
    """Name the stores and register what the parts bring. Reaches no store."""
    environment = settings.ENVIRONMENT
    mongodb.connect(environment.mongodb_uri, environment.mongodb_database)
    wakeup.send_hints_through(postgres.connect)
    bulkhead.set_threads(environment.web_threads)
    consistency.set_threads(environment.web_threads)
    _register_problems()
    metrics.register_metrics()
    register_probe("postgresql", postgres.ping)
    register_probe("mongodb", mongodb.ping)
    register_worker(projector.NAME, projector.users_projector)
    register_worker(users_publisher.NAME, users_publisher.users_publisher)
    register_projection(projections.users_projection())
    services.open_services()


def _register_problems() -> None:
    register_idempotency_problems()
    register_problem(ConcurrentAppend, CONFLICT)
    register_problem(user_errors.UserNotFound, NOT_FOUND)
    register_problem(user_errors.UserDeleted, CONFLICT)
    register_problem(user_errors.StaleUser, STALE_VERSION)
