"""The ledger of delivery tracking, which is in the application's database."""

from django.conf import settings

from cqrs.delivery.ledger import Ledger
from users_query import mongodb

# Its name among the services: it reports from the ledger also where nothing is tracked.
SERVICE = "delivery"


def ledger() -> Ledger:
    """Return the ledger. Reaches no store."""
    return Ledger(mongodb.database())


def prepare_ledger() -> None:
    """Create its collections that are missing, where something here writes or reads them. Raises Unavailable."""
    environment = settings.ENVIRONMENT
    if environment.service in {None, SERVICE} or environment.delivery.tracking or environment.delivery.nats:
        ledger().prepare()
