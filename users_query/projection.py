"""The projection of users: from the process's commands to documents, in bulk, and never backwards.

Each write is guarded by the version that the document was built from: an older or equal one changes nothing. That
makes a replayed batch, a late write of a frozen worker and two workers at once harmless.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import pymongo
from pymongo import InsertOne, ReplaceOne
from pymongo.errors import BulkWriteError

from cqrs.clock import now
from cqrs.errors import RecordError, Unavailable
from cqrs.messages import Envelope
from users_command.events import profile_as_shown
from users_query.commands import RemoveUserDocument, StoreUserDocument
from users_query.documents import COLLECTION
from users_query.events import UserDocumentStored
from users_query.mongodb import DEADLINE, NOT_NOW, STORE, Documents, database, translated

C = TypeVar("C", StoreUserDocument, RemoveUserDocument)
Document = dict[str, Any]
DUPLICATE_KEY = 11000


class DocumentRefused(RecordError):
    """MongoDB refuses at least one of the documents for what is in it."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(f"MongoDB refuses the document ({code}): {message}")


class UserProjection:
    """Writes user documents into one collection: the live one, or a fresh one during a rebuild."""

    def __init__(self, collection: Callable[[], Documents] | None = None) -> None:
        self._collection = collection or (lambda: database()[COLLECTION])

    def store(self, commands: Sequence[Envelope[StoreUserDocument]]) -> list[UserDocumentStored]:
        """Hold each user at its version or a newer one. Raises Unavailable, DocumentRefused."""
        stored_at = now()
        newest = _newest(command.message for command in commands)
        self._write([user_document(command, stored_at) for command in newest])
        return [_stored(command.message, stored_at) for command in commands]

    def remove(self, commands: Sequence[Envelope[RemoveUserDocument]]) -> list[UserDocumentStored]:
        """Leave a tombstone for each user. Raises Unavailable, DocumentRefused."""
        stored_at = now()
        newest = _newest(command.message for command in commands)
        self._write([tombstone(command) for command in newest])
        return [_stored(command.message, stored_at) for command in commands]

    def _write(self, documents: Sequence[Document]) -> None:
        with translated(), pymongo.timeout(DEADLINE):
            duplicates = self._bulk([_first_write(document) for document in documents])
            if duplicates:
                self._bulk([_guarded(documents[index], upsert=False) for index in duplicates])

    def _bulk(self, writes: Sequence[InsertOne[Document] | ReplaceOne[Document]]) -> list[int]:
        """Write unordered with majority concern; return which writes met a document with their `_id`."""
        try:
            self._collection().bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            return _duplicates(error)
        return []


def user_document(command: StoreUserDocument, stored_at: datetime) -> Document:
    """Return the document of a user, as it is stored. What is unknown is left out."""
    return {
        "_id": command.user_id,
        "version": command.version,
        "deleted": False,
        **profile_as_shown(command.profile, kept=(datetime, UUID)),
        "seed": command.seed,
        "appId": command.app_id,
        "currentStatus": "SYNCHRONIZED",
        "createdAt": command.created_at,
        "updatedAt": command.updated_at,
        "synchronizedAt": stored_at,
    }


def tombstone(command: RemoveUserDocument) -> Document:
    """Return what stays of a deleted user: that it was, and up to which version."""
    return {"_id": command.user_id, "version": command.version, "deleted": True}


def _first_write(document: Document) -> InsertOne[Document] | ReplaceOne[Document]:
    # A first version is nearly always new, and an insert costs less than half of an upsert.
    return InsertOne(document) if document["version"] == 1 else _guarded(document, upsert=True)


def _guarded(document: Document, *, upsert: bool) -> ReplaceOne[Document]:
    older = {"_id": document["_id"], "version": {"$lt": document["version"]}}
    return ReplaceOne(older, document, upsert=upsert)


def _duplicates(error: BulkWriteError) -> list[int]:
    details = error.details or {}
    if error.timeout or details.get("writeConcernErrors"):
        raise Unavailable(STORE) from error
    failures = details.get("writeErrors", [])
    for failure in failures:
        if failure["code"] in NOT_NOW:
            raise Unavailable(STORE) from error
        if failure["code"] != DUPLICATE_KEY or list(failure.get("keyPattern", {})) != ["_id"]:
            raise DocumentRefused(failure["code"], failure.get("errmsg", "")) from error
    return [failure["index"] for failure in failures]


def _newest(commands: Iterable[C]) -> list[C]:
    newest: dict[UUID, C] = {}
    for command in commands:
        held = newest.get(command.user_id)
        if held is None or held.version < command.version:
            newest[command.user_id] = command
    return list(newest.values())


def _stored(command: StoreUserDocument | RemoveUserDocument, stored_at: datetime) -> UserDocumentStored:
    return UserDocumentStored(user_id=command.user_id, version=command.version, stored_at=stored_at)
