"""The two subscriptions of the demonstration, one of which can be told to fail or to be slow."""

import threading
from typing import Literal

import msgspec
import pymongo
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from cqrs.broker import ConsumerRecord
from cqrs.broker.mongodb import translated
from cqrs.conversion import converted
from cqrs.opened import Opened

SWITCH = "delivery_demo"
# There is one switch, for all replicas.
THE_ONE = "now"
PATIENCE = 2.0
# Longer than a window and its grace, so that what is received is late.
SLOW_SECONDS = 20.0

Way = Literal["receive", "fail", "slow"]


class DemoBehaviour(msgspec.Struct, frozen=True, kw_only=True):
    """What the subscription `mailing` does with a message: receives it, fails, or receives it after 20 seconds."""

    behaviour: Way


class ToldToFail(Exception):
    """The subscription was told to fail."""


class DemoSwitch:
    """Keeps the behaviour in `database`."""

    def __init__(self, database: Database[dict[str, object]]) -> None:
        self._switch: Collection[dict[str, object]] = database[SWITCH]

    def read(self) -> DemoBehaviour:
        """Return how it behaves now. Raises Unavailable."""
        with translated(), pymongo.timeout(PATIENCE):
            found = self._switch.find_one({"_id": THE_ONE})
        return DemoBehaviour(behaviour="receive") if found is None else converted(found, DemoBehaviour)

    def set(self, behaviour: DemoBehaviour) -> None:
        """Have it behave so from now on. Raises Unavailable."""
        with translated(), pymongo.timeout(PATIENCE):
            self._switch.update_one({"_id": THE_ONE}, {"$set": {"behaviour": behaviour.behaviour}}, upsert=True)


class Mailing:
    """The handler of the subscription that does what the switch says."""

    def __init__(self, switch: DemoSwitch, *, slow_seconds: float = SLOW_SECONDS) -> None:
        self._switch = switch
        self._slow_seconds = slow_seconds
        self._stopping = threading.Event()

    def receive(self, record: ConsumerRecord, session: ClientSession) -> None:  # noqa: ARG002 - a handler's signature
        """Receive a message. Raises ToldToFail, Unavailable."""
        behaviour = self._switch.read().behaviour
        if behaviour == "fail":
            raise ToldToFail
        if behaviour == "slow":
            self._stopping.wait(self._slow_seconds)

    def stop(self) -> None:
        """Be slow no more: the process is about to end."""
        self._stopping.set()


def count(record: ConsumerRecord, session: ClientSession) -> None:
    """Receive a message, as the other subscription does: what counts is the record of that."""


demo_switch: Opened[DemoSwitch] = Opened("demonstration")
