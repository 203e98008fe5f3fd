"""Which requests have been answered: under its `Idempotency-Key` a request takes effect once."""

from typing import Any
from uuid import UUID

from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database

from cqrs.broker.mongodb import translated
from cqrs.clock import now
from cqrs.web.idempotency_key import IdempotencyKey, KeyReused

COLLECTION = "ticket_requests"
KEPT_SECONDS = 24 * 60 * 60


class Requests:
    """Notes in `database` which request has stored which ticket, for 24 hours."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._requests = database[COLLECTION]

    def answered(self, session: ClientSession, user: UUID, key: IdempotencyKey | None) -> UUID | None:
        """Return the ticket that the user's request with this key has stored, None where there was none.

        Raises KeyReused.
        """
        if key is None:
            return None
        request = self._requests.find_one({"_id": _id_of(user, key)}, session=session)
        if request is None:
            return None
        if request["fingerprint"] != key.fingerprint:
            raise KeyReused
        ticket_id: UUID = request["ticket"]
        return ticket_id

    def answer(self, session: ClientSession, user: UUID, key: IdempotencyKey | None, ticket_id: UUID) -> None:
        """Note the ticket under the key. Another request with it conflicts, begins anew, and finds what is noted."""
        if key is None:
            return
        request = {"_id": _id_of(user, key), "fingerprint": key.fingerprint, "ticket": ticket_id, "at": now()}
        self._requests.insert_one(request, session=session)

    def prepare(self) -> None:
        """Create the index that lets requests expire, unless it is there. Raises Unavailable."""
        with translated():
            self._requests.create_index([("at", ASCENDING)], name="kept", expireAfterSeconds=KEPT_SECONDS)


def _id_of(user: UUID, key: IdempotencyKey) -> dict[str, Any]:
    # Two users may well choose the same key.
    return {"user": user, "scope": key.scope}
