"""Where tracking keeps what it knows: the collections of one database, their indexes, and views of the records."""

from collections.abc import Sequence
from typing import Any

import pymongo
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from cqrs.broker.mongodb import translated
from cqrs.broker.store import CODEC, NAMESPACE_EXISTS
from cqrs.delivery.record_views import OF_PUBLISHING, OF_RECEIVING
from cqrs.delivery.records import Document

PUBLISH_PAGES = "publish_pages"
RECEIVED_PAGES = "received_pages"
# Views, to be read by people and by other programs: what is known of one event is a document.
PUBLISH_RECORDS = "publish_records"
RECEIVED_RECORDS = "received_records"
# Before there were pages, the records were collections of these names.
FORMER = "_before_pages"
WINDOWS = "delivery_windows"
NOTICES = "delivery_notices"
STATE = "delivery_state"
SUBSCRIPTIONS = "delivery_subscriptions"
EXPIRY = "kept"
KEPT_SECONDS = 30 * 24 * 60 * 60
# Building an index where much is stored already takes its time, an answer does not.
PREPARING_SECONDS = 120.0
REACHING_SECONDS = 5.0

# A window is read by when its events were published, what has come late by when it was written.
OF_PAGES = [
    IndexModel([("createdAt", ASCENDING), ("first", ASCENDING)], name="written"),
]
INDEXES: dict[str, list[IndexModel]] = {
    PUBLISH_PAGES: OF_PAGES,
    RECEIVED_PAGES: OF_PAGES,
    WINDOWS: [
        IndexModel([("topic", ASCENDING), ("start", DESCENDING)], name="of-topic"),
        IndexModel([("start", DESCENDING), ("topic", ASCENDING)], name="newest"),
    ],
    NOTICES: [IndexModel([("dueAt", ASCENDING)], name="due", partialFilterExpression={"told": False})],
    STATE: [],
    SUBSCRIPTIONS: [],
}
# By the field after which documents expire: records and windows of one time go together.
EXPIRES = {PUBLISH_PAGES: "first", RECEIVED_PAGES: "first", WINDOWS: "start", NOTICES: "dueAt"}
VIEWS = {PUBLISH_RECORDS: (PUBLISH_PAGES, OF_PUBLISHING), RECEIVED_RECORDS: (RECEIVED_PAGES, OF_RECEIVING)}


class Ledger:
    """The collections in `database`; what they hold is kept for `kept_seconds`. For any thread.

    With a session they are for its transaction, which may be of another client of the replica set.
    """

    def __init__(self, database: Database[Any], *, kept_seconds: int = KEPT_SECONDS) -> None:
        self.kept_seconds = kept_seconds
        self._database: Database[Document] = database.with_options(
            codec_options=CODEC, write_concern=WriteConcern("majority", j=True), read_concern=ReadConcern("majority")
        )

    @property
    def client(self) -> pymongo.MongoClient[Document]:
        """The client of the database."""
        return self._database.client

    def collection(self, name: str, session: ClientSession | None = None) -> Collection[Document]:
        """Return a collection by one of the names in this module."""
        if session is None:
            return self._database[name]
        return self._in(session)[name]

    def command(self, command: Document, session: ClientSession) -> None:
        """Run a command in the session's transaction, which ends with what it raises."""
        self._in(session).command(command, session=session)

    def prepare(self) -> None:
        """Create what is missing of collections and indexes; follow a changed time. Raises Unavailable."""
        with translated(), pymongo.timeout(REACHING_SECONDS):
            self.client.admin.command("ping")
        with translated(), pymongo.timeout(PREPARING_SECONDS):
            for name, indexes in INDEXES.items():
                self._create(name)
                if indexes:
                    self._database[name].create_indexes(indexes)
            for name, field in EXPIRES.items():
                self._expire(name, field)
            for name, (pages, pipeline) in VIEWS.items():
                self._make_view(name, pages, pipeline)

    def _in(self, session: ClientSession) -> Database[Document]:
        return session.client.get_database(self._database.name, codec_options=CODEC)

    def _create(self, name: str, **options: Any) -> None:
        try:
            self._database.create_collection(name, check_exists=False, **options)
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:
                raise

    def _make_view(self, name: str, pages: str, pipeline: Sequence[Document]) -> None:
        known = next(self._database.list_collections(filter={"name": name}), None)
        if known is not None and known["type"] == "collection":
            self._database[name].rename(name + FORMER)
        self._create(name, viewOn=pages, pipeline=pipeline)
        # One that was there already may be of an earlier version.
        self._database.command("collMod", name, viewOn=pages, pipeline=pipeline)

    def _expire(self, name: str, field: str) -> None:
        known = self._database[name].index_information().get(EXPIRY)
        if known is None:
            self._database[name].create_index([(field, ASCENDING)], name=EXPIRY, expireAfterSeconds=self.kept_seconds)
        elif known.get("expireAfterSeconds") != self.kept_seconds:
            self._database.command("collMod", name, index={"name": EXPIRY, "expireAfterSeconds": self.kept_seconds})
