"""The user documents as somebody sees them who compares them with the log, and how they are mended.

Every write is guarded by what was seen: where a projector has written meanwhile, nothing is changed.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import pymongo
from bson.codec_options import DatetimeConversion
from pymongo import ASCENDING, DeleteOne, InsertOne, ReplaceOne
from pymongo.errors import BulkWriteError

from cqrs.clock import now
from cqrs.errors import Unavailable
from cqrs.messages import Command
from users_query.commands import RemoveUserDocument, StoreUserDocument
from users_query.documents import COLLECTION
from users_query.mongodb import DEADLINE, NOT_NOW, STORE, Documents, database, translated
from users_query.projection import DUPLICATE_KEY, tombstone, user_document

Document = Mapping[str, Any]
Write = InsertOne[dict[str, Any]] | ReplaceOne[dict[str, Any]] | DeleteOne

# What a replay writes anew with every write.
INCIDENTAL = frozenset({"synchronizedAt"})

# MongoDB orders ids by type, length and kind before it looks at their bytes: between these are all UUIDs, nothing else.
FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)


def documents_after(after: UUID | None, limit: int) -> list[Document]:
    """Return the next documents in order of their ids, tombstones as well. Raises Unavailable."""
    beyond = {"$gte": FIRST, "$lte": LAST} if after is None else {"$gt": after, "$lte": LAST}
    with translated(), pymongo.timeout(DEADLINE):
        return list(_users().find({"_id": beyond}).sort("_id", ASCENDING).limit(limit).batch_size(limit))


def documents_without_uuid() -> Iterator[Document]:
    """Yield the documents whose id is no UUID, so that no user can have written them. Raises Unavailable."""
    outside = [{"_id": {"$lt": FIRST}}, {"_id": {"$gt": LAST}}, {"_id": {"$not": {"$type": "binData"}}}]
    with translated():
        yield from _users().find({"$or": outside})


def find_documents(user_ids: Collection[UUID]) -> list[Document]:
    """Return the documents of these users as they are now. Raises Unavailable."""
    with translated(), pymongo.timeout(DEADLINE):
        return list(_users().find({"_id": {"$in": list(user_ids)}}).batch_size(max(2, len(user_ids))))


def document_after(command: Command) -> Document:
    """Return what the projection would store for a command of its process."""
    match command:
        case StoreUserDocument():
            return user_document(command, now())
        case RemoveUserDocument():
            return tombstone(command)
    raise TypeError(f"{type(command).__name__} stores no document")


def mend_documents(mendings: Sequence[tuple[Document | None, Document | None]]) -> dict[str, str]:
    """Put each wanted document in the place of the one found, given as (wanted, found), None standing for none.

    Returns the causes for which MongoDB has refused some, by id. Raises Unavailable.
    """
    if not mendings:
        return {}
    try:
        with translated(), pymongo.timeout(DEADLINE):
            _users().bulk_write([_write(wanted, found) for wanted, found in mendings], ordered=False)
    except BulkWriteError as error:
        return _refusals(mendings, error)
    return {}


def _write(wanted: Document | None, found: Document | None) -> Write:
    if found is None:
        return InsertOne(dict(wanted or {}))
    seen = {"_id": {"$eq": found["_id"]}, "version": {"$eq": found.get("version")}}
    return DeleteOne(seen) if wanted is None else ReplaceOne(seen, dict(wanted))


def _refusals(mendings: Sequence[tuple[Document | None, Document | None]], error: BulkWriteError) -> dict[str, str]:
    details = error.details or {}
    failures = [failure for failure in details.get("writeErrors", []) if failure["code"] != DUPLICATE_KEY]
    if details.get("writeConcernErrors") or any(failure["code"] in NOT_NOW for failure in failures):
        raise Unavailable(STORE) from error
    return {
        str((mendings[failure["index"]][0] or {}).get("_id")): f"{failure.get('errmsg', '')} ({failure['code']})"
        for failure in failures
    }


def _users() -> Documents:
    # A date that Python cannot hold is a difference, not the end of the comparison.
    options = database().codec_options.with_options(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
    return database().get_collection(COLLECTION, codec_options=options)
