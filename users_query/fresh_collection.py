"""A fresh collection of user documents beside the live one, and the moment in which it takes its place."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pymongo
from bson import Binary

from cqrs.errors import CqrsError
from users_query.documents import COLLECTION
from users_query.indexes import ensure_indexes
from users_query.mongodb import DEADLINE, Documents, database, translated

PREFIX = f"{COLLECTION}_rebuild_"


class CollectionVanished(CqrsError):
    """The collection is not the one that was filled: somebody has dropped it meanwhile."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the collection {name} was dropped while it was filled")


@dataclass(frozen=True, slots=True)
class FreshCollection:
    """One that nobody reads yet. `identity` is what MongoDB knows it by, whatever it is called."""

    name: str
    identity: Binary

    def documents(self) -> Documents:
        """Return the collection to write to."""
        return database()[self.name]

    def take_place(self, at_the_last_moment: Callable[[], None]) -> None:
        """Become the live collection, in one step that no reader can see half of; the former one is dropped.

        Raises what `at_the_last_moment` raises, CollectionVanished, or Unavailable, after which it may have happened
        or may still happen, until `drop`.
        """
        # The clock starts before the last look: who freezes after it finds its time over, and sends nothing. MongoDB
        # gets the same deadline, so that a rename that has to wait for its lock does not wait longer.
        with translated(), pymongo.timeout(DEADLINE):
            if _identity(self.name) != self.identity:
                raise CollectionVanished(self.name)
            at_the_last_moment()
            self.documents().rename(COLLECTION, dropTarget=True)

    def drop(self) -> None:
        """Remove it, if it is still beside the live one: MongoDB does one after the other. Raises Unavailable."""
        _drop(self.name)


def create_fresh_collection(stamp: str) -> FreshCollection:
    """Create an empty collection with all indexes and with the options of the live one. Raises Unavailable."""
    with translated():
        name = f"{PREFIX}{stamp}"
        options = database()[COLLECTION].options()
        ensure_indexes(database().create_collection(name, **options))
        return FreshCollection(name, _identity(name))


def clear_fresh_collections() -> list[str]:
    """Drop every collection that a rebuild has left behind, and return their names. Raises Unavailable."""
    with translated():
        names = sorted(database().list_collection_names(filter={"name": {"$regex": f"^{re.escape(PREFIX)}"}}))
    for name in names:
        _drop(name)
    return names


def _drop(name: str) -> None:
    with translated():
        database().drop_collection(name)


def _identity(name: str) -> Binary:
    for collection in database().list_collections(filter={"name": name}):
        return collection["info"]["uuid"]  # type: ignore[no-any-return]  # MongoDB names every collection so
    raise CollectionVanished(name)
