"""The composition root of a process that serves one service: it knows that service and MongoDB, and nothing else."""

from django.conf import settings

from cqrs.web import bulkhead, consistency
from cqrs.web.health import register_probe
from cqrs.web.idempotency_key import register_idempotency_problems
from cqrs_project import services
from users_query import mongodb


def compose() -> None:
    """Name the store and open the service that SERVICE names. Reaches no store."""
    environment = settings.ENVIRONMENT
    mongodb.connect(environment.mongodb_uri, environment.mongodb_database)
    bulkhead.set_threads(environment.web_threads)
    consistency.set_threads(environment.web_threads)
    register_idempotency_problems()
    register_probe(mongodb.STORE, mongodb.ping)
    services.open_services()
