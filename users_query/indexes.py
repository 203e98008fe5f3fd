"""The indexes of the user documents: one for each filter, newest first, and one for the unfiltered list."""

from pymongo import DESCENDING, IndexModel

from users_query.documents import COLLECTION, FILTERS, LIVE
from users_query.mongodb import Documents, database, translated

NEWEST_FIRST = [("_id", DESCENDING)]


def user_indexes() -> list[IndexModel]:
    """Return the indexes that every collection of user documents needs. They leave tombstones out."""
    filtered = [
        IndexModel([(field, 1), *NEWEST_FIRST], name=f"{field}_newest_first", partialFilterExpression=LIVE)
        for field in FILTERS
    ]
    return [*filtered, IndexModel([("deleted", 1), *NEWEST_FIRST], name="newest_first", partialFilterExpression=LIVE)]


def ensure_indexes(collection: Documents | None = None) -> None:
    """Create the indexes that are missing. Raises Unavailable."""
    with translated():
        (database()[COLLECTION] if collection is None else collection).create_indexes(user_indexes())
