"""A feed's pipeline, run by the server over changes that have been read.

One stream serves all feeds of a database, so none of them can have its own stages in it; and what a scan finds has to
pass the same stages. `$documents` (MongoDB 6.0 manual) runs them over values that are sent along.
"""

from collections.abc import Sequence

import msgspec
import pymongo
from bson import encode
from pymongo.database import Database

from cqrs.broker.mongodb import Document, translated
from cqrs.broker.store import CODEC
from cqrs.changefeed.change import Change
from cqrs.changefeed.config import FeedConfig

# A command holds 16 MiB, a document may nearly fill it.
LARGEST_COMMAND = 15 * 1000 * 1000
SECONDS = 10.0


class Filter:
    """The pipeline of one feed."""

    def __init__(self, feed: FeedConfig, database: Database[Document]) -> None:
        self._feed = feed
        self._database = database

    def passing(self, changes: Sequence[Change]) -> list[Change | None]:
        """Return each change as the pipeline leaves it, None where it takes it out. Raises Unavailable."""
        if not self._feed.pipeline:
            return list(changes)
        passed: list[Change | None] = []
        for some in _in_commands([self._event(change) for change in changes]):
            given = changes[len(passed) : len(passed) + len(some)]
            found = self._run(some)
            passed += [_reshaped(change, found.get(number)) for number, change in enumerate(given)]
        return passed

    def _run(self, events: Sequence[Document]) -> dict[int, Document]:
        numbered = [{"$literal": {"_id": number, **event}} for number, event in enumerate(events)]
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


def _in_commands(events: Sequence[Document]) -> list[list[Document]]:
    """Return the events in order, as many together as a command holds."""
    parts: list[list[Document]] = []
    room = 0
    for event in events:
        size = len(encode(event, codec_options=CODEC)) + 100
        if size > room:
            parts.append([])
            room = LARGEST_COMMAND
        parts[-1].append(event)
        room -= size
    return parts


def _reshaped(change: Change, event: Document | None) -> Change | None:
    return None if event is None else msgspec.structs.replace(change, document=event.get("fullDocument"))
