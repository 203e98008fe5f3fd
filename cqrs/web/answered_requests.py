"""Which requests have been answered, in MongoDB: under its `Idempotency-Key` a request takes effect once.

What `cqrs.web.idempotency` is for PostgreSQL, for services that keep their records in MongoDB.
"""

from typing import Any
from uuid import UUID

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from cqrs.clock import now
from cqrs.web.idempotency_key import IdempotencyKey, KeyReused

KEPT_SECONDS = 24 * 60 * 60


class AnsweredRequests:
    """Notes in `collection` what the requests with a key have led to, for 24 hours. For any thread.

    All methods work in the caller's transaction, which may be of any client of the same replica set, and raise what the
    driver raises: a request whose key another one is using conflicts, begins anew, and finds what that one has noted.
    Keys of different users are different keys.
    """

    def __init__(self, collection: Collection[dict[str, Any]]) -> None:
        self._collection = collection

    def answered(self, session: ClientSession, key: IdempotencyKey | None, *, user: UUID | None = None) -> Any:
        """Return what the request with this key has led to, None where there was none. Raises KeyReused."""
        if key is None:
            return None
        request = self._in(session).find_one({"_id": _id_of(key, user)}, session=session)
        if request is None:
            return None
        if request["fingerprint"] != key.fingerprint:
            raise KeyReused
        return request["answer"]

    def answer(
        self, session: ClientSession, key: IdempotencyKey | None, answer: Any, *, user: UUID | None = None
    ) -> None:
        """Note under the key, if there is one, what the request leads to: anything that BSON can hold, but None."""
        if key is None:
            return
        request = {"_id": _id_of(key, user), "fingerprint": key.fingerprint, "answer": answer, "at": now()}
        self._in(session).insert_one(request, session=session)

    def prepare(self) -> None:
        """Create the index that lets requests expire, unless it is there. Raises what the driver raises."""
        self._collection.create_index([("at", ASCENDING)], name="kept", expireAfterSeconds=KEPT_SECONDS)

    def _in(self, session: ClientSession) -> Collection[dict[str, Any]]:
        own = self._collection
        database = session.client.get_database(own.database.name, codec_options=own.codec_options)
        return database[own.name]


def _id_of(key: IdempotencyKey, user: UUID | None) -> Any:
    return key.scope if user is None else {"user": user, "scope": key.scope}
