"""Saving a mongoengine document in a transaction.

mongoengine knows no sessions. But a document asks itself for its collection, so one that adds the session to each call
puts all that `save` does into the transaction: cleaning, validation, signals, conditions.
"""

from functools import partial
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from cqrs.outbox.errors import NoTransaction

REPEATABLE = "TransientTransactionError"


def save(session: ClientSession, document: Any, **options: Any) -> dict[str, Any]:
    """Save a mongoengine document in the session's transaction and return it as it was stored.

    That is what its events are to be made of: hooks may have changed it. `options` are those of `Document.save`, such
    as `save_condition={"version": 3}`; cascades are not part of the transaction. A document counts itself as saved, so
    where the work may be repeated, the document must be made anew each time.

    Raises NoTransaction, what `Document.save` raises, and the driver's error where the transaction is to be repeated.
    """
    if not session.in_transaction:
        raise NoTransaction
    own: Collection[Any] = type(document)._get_collection()
    collection = session.client.get_database(own.database.name).get_collection(own.name, own.codec_options)
    document._get_collection = lambda: _WithSession(collection, session)
    try:
        document.save(**options)
    except Exception as error:
        cause = error.__context__
        # mongoengine hides it, and whoever runs the transaction would take it for a failure of the work.
        if isinstance(cause, PyMongoError) and cause.has_error_label(REPEATABLE):
            raise cause from error
        raise
    finally:
        del document._get_collection
    return dict(document.to_mongo())


class _WithSession:
    """A collection, each method of which is called with the session."""

    def __init__(self, collection: Collection[Any], session: ClientSession) -> None:
        self._collection = collection
        self._session = session

    def with_options(self, **_: Any) -> "_WithSession":
        """Concerns are the transaction's."""
        return self

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._collection, name)
        return partial(found, session=self._session) if callable(found) else found
