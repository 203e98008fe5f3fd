"""How the provider behaves: it takes what it is sent, or fails in one of the ways in which providers fail."""

from typing import Literal

import msgspec
import pymongo
from pymongo.collection import Collection
from pymongo.database import Database

from cqrs.broker.mongodb import translated
from cqrs.conversion import converted
from services.alert_provider.text import Document

SWITCH = "provider_behaviour"
# There is one switch, for all replicas.
THE_ONE = "now"
PATIENCE = 2.0

Answer = Literal["take", "error", "busy", "refuse", "hang", "close"]


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider does with a text: takes it, or answers 500, 429, 422, nothing, or closes the connection."""

    answer: Answer


class BehaviourSwitch:
    """Keeps the behaviour in `database`."""

    def __init__(self, database: Database[Document]) -> None:
        self._switch: Collection[Document] = database[SWITCH]

    def read(self) -> Behaviour:
        """Return how the provider behaves now. Raises Unavailable."""
        with translated(), pymongo.timeout(PATIENCE):
            found = self._switch.find_one({"_id": THE_ONE})
        return Behaviour(answer="take") if found is None else converted(found, Behaviour)

    def set(self, behaviour: Behaviour) -> None:
        """Have it behave so from now on. Raises Unavailable."""
        with translated(), pymongo.timeout(PATIENCE):
            self._switch.update_one({"_id": THE_ONE}, {"$set": {"answer": behaviour.answer}}, upsert=True)
