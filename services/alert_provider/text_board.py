"""The board of texts: each is kept for a day, and once for its key."""

from typing import cast
from uuid import UUID

import pymongo
from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.collection import Collection
from pymongo.database import Database

from cqrs.broker.mongodb import translated
from cqrs.clock import now
from cqrs.uuid7 import new_uuid7
from services.alert_provider.errors import TextContradicted
from services.alert_provider.text import Document, TakenText, from_document

TEXTS = "provider_texts"
KEPT_SECONDS = 24 * 60 * 60
# Seconds; after that whoever waits is told to come back later.
PATIENCE = 2.0


class TextBoard:
    """Keeps texts in `database`."""

    def __init__(self, database: Database[Document]) -> None:
        self._texts: Collection[Document] = database[TEXTS]

    def take(self, key: str, text: str, *, app_id: str) -> TakenText:
        """Take a text and return it; one that comes again under its key is only counted.

        Raises TextContradicted where another text came under this key, Unavailable.
        """
        first = {"text": text, "place": new_uuid7(), "takenAt": now(), "appId": app_id}
        with translated(), pymongo.timeout(PATIENCE):
            document = self._texts.find_one_and_update(
                {"_id": key},
                {"$setOnInsert": first, "$inc": {"received": 1}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        # An upsert always has one.
        taken = from_document(cast(Document, document))
        if taken.text != text:
            raise TextContradicted(key)
        return taken

    def newest(self, *, before: UUID | None, limit: int) -> list[tuple[UUID, TakenText]]:
        """Return at most `limit` texts with their places, newest first, from before a place on. Raises Unavailable."""
        wanted: Document = {} if before is None else {"place": {"$lt": before}}
        with translated(), pymongo.timeout(PATIENCE):
            found = self._texts.find(wanted).sort("place", DESCENDING).limit(limit)
            return [(document["place"], from_document(document)) for document in found]

    def prepare(self) -> None:
        """Create the indexes that lists are read from and that let texts expire. Raises Unavailable."""
        with translated():
            self._texts.create_index([("place", DESCENDING)], name="newest")
            self._texts.create_index([("takenAt", ASCENDING)], name="kept", expireAfterSeconds=KEPT_SECONDS)
