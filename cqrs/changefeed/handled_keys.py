"""Which documents a feed has handled: its key, and a digest of the document as it was delivered last.

Kept for feeds that are declared with `remember`, in the write that moves the position on. What is missing in the
history is then found by comparing the collection with it, deletions included.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

from bson import MaxKey, encode
from pymongo import ASCENDING, DeleteOne, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from cqrs.broker.mongodb import Document, translated
from cqrs.broker.store import CODEC, Store
from cqrs.changefeed.change import Change

HANDLED = "handled"
DIGEST_BYTES = 16


def digest(document: dict[str, Any] | None) -> bytes:
    """Return what a document is compared by."""
    return blake2b(encode(document or {}, codec_options=CODEC), digest_size=DIGEST_BYTES).digest()


class HandledKeys:
    """What a feed remembers, whichever shard has handled it: their number may change."""

    def __init__(self, store: Store, feed: str) -> None:
        self._collection: Collection[Document] = store.database[HANDLED]
        self._feed = feed

    def remember(self, changes: Iterable[Change], *, session: ClientSession) -> None:
        """Note changes that are handled, in their order, within a transaction."""
        last = {change.document_key: change for change in changes}
        writes = [self._write(change) for change in last.values()]
        if writes:
            self._collection.bulk_write(writes, ordered=False, session=session)

    def known(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return by key the digests of those that were handled. Raises Unavailable."""
        with translated():
            found = self._collection.find({"_id": {"$in": [self._id(key) for key in keys]}}, {"digest": 1})
            return {one["_id"]["key"]: bytes(one["digest"]) for one in found}

    def page(self, after: str | None, limit: int) -> list[tuple[str, Any]]:
        """Return keys behind `after`, in order, each with the `_id` of its document. Raises Unavailable."""
        first = self._id("") if after is None else self._id(after)
        wanted = {"_id": {"$gt": first, "$lt": {"feed": self._feed, "key": MaxKey()}}}
        with translated():
            found = self._collection.find(wanted, {"documentId": 1}).sort("_id", ASCENDING).limit(limit)
            return [(one["_id"]["key"], one["documentId"]) for one in found]

    def _write(self, change: Change) -> UpdateOne | DeleteOne:
        where = {"_id": self._id(change.document_key)}
        if change.operation == "delete":
            return DeleteOne(where)
        fields = {"digest": digest(change.document), "documentId": change.document_id}
        return UpdateOne(where, {"$set": fields}, upsert=True)

    def _id(self, key: str) -> Document:
        return {"feed": self._feed, "key": key}
