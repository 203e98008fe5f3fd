"""What the subscription `mailing` has failed to receive, and can be given once more."""

import msgspec
import pymongo

from cqrs.broker import Broker
from cqrs.broker.dead_letters import retry
from cqrs.broker.mongodb import translated
from cqrs.opened import Opened
from services.delivery.topic import MAILING, TOPIC

# Seconds; after that whoever waits is told to come back later.
PATIENCE = 2.5


class RetriedMail(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages are handled once more."""

    retried: int


class MissedMail:
    """Looks after the letters of `mailing` in `broker`."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def retry(self) -> RetriedMail:
        """Have the subscription handle its letters once more, in a moment, as it behaves then. Raises Unavailable."""
        with translated(), pymongo.timeout(PATIENCE):
            self._broker.connect()
            return RetriedMail(retried=retry(self._broker.store, group=MAILING, topic=TOPIC))


missed_mail: Opened[MissedMail] = Opened("missed mail")
