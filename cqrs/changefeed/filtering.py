"""A feed's pipeline, run by the server over changes that have been read.

One stream serves all feeds of a database, so none of them can have its own stages in it; and what a scan finds has to
pass the same stages. `$documents` (MongoDB 6.0 manual) runs them over values that are sent along.
"""

from collections.abc import Sequence

import msgspec
import pymongo
from bson import encode
from pymongo.database import Database
from pymongo.errors import OperationFailure

from cqrs.broker.mongodb import Document, translated
from cqrs.broker.store import CODEC
from cqrs.changefeed.change import Change
from cqrs.changefeed.config import FeedConfig
from cqrs.changefeed.errors import InvalidFeed
from cqrs.isolate import isolate

# A command holds 16 MiB, a document may nearly fill it.
LARGEST_COMMAND = 15 * 1000 * 1000
SECONDS = 10.0

Numbered = tuple[int, Document]


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """A change as the pipeline leaves it: None where it is taken out.

    With a `refusal` the pipeline fails for this one alone, so it is as it was.
    """

    change: Change | None
    refusal: Exception | None = None


class Filter:
    """The pipeline of one feed."""

    def __init__(self, feed: FeedConfig, database: Database[Document]) -> None:
        self._feed = feed
        self._database = database

    def check(self) -> None:
        """Return when the server knows what the pipeline says. Raises InvalidFeed, Unavailable."""
        try:
            with translated(), pymongo.timeout(SECONDS):
                self._database.aggregate([{"$documents": []}, *self._feed.pipeline]).close()
        except OperationFailure as error:
            raise InvalidFeed(
                [f"pipeline is refused by MongoDB: {error.details and error.details['errmsg']}"]
            ) from error

    def passing(self, changes: Sequence[Change]) -> list[Passed]:
        """Return what the pipeline makes of each change. Raises Unavailable."""
        if not self._feed.pipeline:
            return [Passed(change=change) for change in changes]
        found: dict[int, Document] = {}
        refused: dict[int, Exception] = {}
        for some in _in_commands([(number, self._event(change)) for number, change in enumerate(changes)]):
            bad = isolate(some, lambda events: found.update(self._run(events)))
            refused |= {number: error for (number, _), error in bad}
        return [
            Passed(change=change, refusal=refused[number])
            if number in refused
            else Passed(change=_reshaped(change, found.get(number)))
            for number, change in enumerate(changes)
        ]

    def _run(self, events: Sequence[Numbered]) -> dict[int, Document]:
        numbered = [{"$literal": {"_id": number, **event}} for number, event in events]
        with translated(), pymongo.timeout(SECONDS):
            found = self._database.aggregate([{"$documents": numbered}, *self._feed.pipeline])
            return {event["_id"]: event for event in found}

    def _event(self, change: Change) -> Document:
        event = {
            "operationType": change.operation,
            "ns": {"db": self._feed.database, "coll": self._feed.collection},
            "documentKey": {"_id": change.document_id},
            "clusterTime": change.cluster_time,
            "wallTime": change.wall_time,
        }
        return event if change.document is None else {**event, "fullDocument": change.document}


def _in_commands(events: Sequence[Numbered]) -> list[list[Numbered]]:
    """Return the events in order, as many together as a command holds."""
    parts: list[list[Numbered]] = []
    room = 0
    for numbered in events:
        size = len(encode(numbered[1], codec_options=CODEC)) + 100
        if size > room:
            parts.append([])
            room = LARGEST_COMMAND
        parts[-1].append(numbered)
        room -= size
    return parts


def _reshaped(change: Change, event: Document | None) -> Change | None:
    return None if event is None else msgspec.structs.replace(change, document=event.get("fullDocument"))
