"""Where everything stands in the broker's database: collections, indexes, and how documents are read back."""

import logging
from collections.abc import Sequence
from typing import Any

import pymongo
from bson import Int64, decode
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions, DatetimeConversion, TypeDecoder, TypeRegistry
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from cqrs.broker.logs import Log
from cqrs.broker.mongodb import Client, Document

logger = logging.getLogger(__name__)

TOPICS = "topics"
COUNTERS = "counters"
SENDS = "sends"
GROUPS = "groups"
POSITIONS = "positions"
DEAD_LETTERS = "deadletters"
MESSAGES_PREFIX = "messages."

# Building an index where much is stored already takes its time.
PREPARING_SECONDS = 120.0
SENDS_KEPT_SECONDS = 24 * 60 * 60
RETENTION_INDEX = "retention"
LONGEST_NAMESPACE = 255
NAMESPACE_EXISTS = 48
INDEX_NOT_FOUND = 27
NAMESPACE_NOT_FOUND = 26


def _index(name: str, *fields: str, unique: bool = False) -> IndexModel:
    return IndexModel([(field, ASCENDING) for field in fields], name=name, unique=unique)


INDEXES: dict[str, Sequence[IndexModel]] = {
    TOPICS: (),
    COUNTERS: (),
    SENDS: (IndexModel([("at", ASCENDING)], name="kept", expireAfterSeconds=SENDS_KEPT_SECONDS),),
    GROUPS: (_index("name", "_id.group", "_id.topic"), _index("topic", "_id.topic", "_id.group")),
    POSITIONS: (),
    DEAD_LETTERS: (
        _index("place", "group", "topic", "partition", "offset", "topicId", unique=True),
        _index("waiting", "group", "topic", "partition", "key", "offset"),
        _index("to-do", "group", "topic", "state", "partition", "offset"),
    ),
}
# A topic that was made anew has the offsets of the former one once more.
RETIRED_INDEXES: dict[str, Sequence[str]] = {DEAD_LETTERS: ("record",)}

Documents = Collection[Document]
RawDocuments = Collection[RawBSONDocument]


class PlainInt(TypeDecoder):
    """Whole numbers come back as `int`, also those that BSON keeps in 64 bits."""

    bson_type = Int64

    def transform_bson(self, value: Any) -> int:
        return int(value)


# In dead letters of change feeds there may be dates that Python has none for.
CODEC: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    uuid_representation=UuidRepresentation.STANDARD,
    type_registry=TypeRegistry([PlainInt()]),
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)
# Nested documents stay raw as well.
RAW: CodecOptions[RawBSONDocument] = CodecOptions(
    document_class=RawBSONDocument,
    tz_aware=True,
    uuid_representation=UuidRepresentation.STANDARD,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)


class Store:
    """The collections of one database, read back as plain Python values; `log` is where its broker's lines go."""

    def __init__(self, client: Client, database: str, *, log: Log = logger) -> None:
        self.client = client
        self.log = log
        self.database: Database[Document] = client.get_database(database, codec_options=CODEC)

    @property
    def is_up(self) -> bool:
        """Whether a primary is known. Asks the driver's monitor, not the network."""
        return self.client.topology_description.has_writable_server()

    @property
    def topics(self) -> Documents:
        return self.database[TOPICS]

    @property
    def counters(self) -> Documents:
        return self.database[COUNTERS]

    @property
    def sends(self) -> Documents:
        return self.database[SENDS]

    @property
    def groups(self) -> Documents:
        return self.database[GROUPS]

    @property
    def positions(self) -> Documents:
        return self.database[POSITIONS]

    @property
    def dead_letters(self) -> Documents:
        return self.database[DEAD_LETTERS]

    def messages(self, topic: str) -> RawDocuments:
        """The messages of a topic, as they come over the wire: see `decoded` and `cqrs.broker.stored`."""
        return self.database.get_collection(messages_of(topic), codec_options=RAW)  # type: ignore[return-value]  # typed by the database's codec

    def prepare(self) -> None:
        """Create what is missing of collections and indexes, drop retired ones: transactions should find them there."""
        with pymongo.timeout(PREPARING_SECONDS):
            self._prepare()

    def _prepare(self) -> None:
        present = set(self.database.list_collection_names())
        for name, indexes in INDEXES.items():
            if name not in present:
                self.create_collection(name)
            if indexes:
                self.database[name].create_indexes(list(indexes))
            for retired in RETIRED_INDEXES.get(name, ()):
                self.drop_index(name, retired)

    def create_collection(self, name: str) -> None:
        """Create a collection unless it is there."""
        try:
            self.database.create_collection(name, check_exists=False)
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:
                raise

    def drop_index(self, name: str, index: str) -> None:
        """Drop an index of a collection, if it is there."""
        # Looked for first: dropping waits for every transaction in the collection, and has others wait behind it.
        if index not in self.database[name].index_information():
            return
        try:
            self.database[name].drop_index(index)
        except OperationFailure as error:
            if error.code not in {INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND}:
                raise


def messages_of(topic: str) -> str:
    """Return the name of the collection that holds the messages of a topic."""
    return MESSAGES_PREFIX + topic


def message_id(partition: int, offset: int) -> Document:
    """Return the `_id` of a message; the order of its fields is what makes it an index over (partition, offset)."""
    return {"partition": partition, "offset": Int64(offset)}


def counter_id(topic: str, partition: int) -> Document:
    """Return the `_id` of a partition's counter."""
    return {"topic": topic, "partition": partition}


def decoded(raw: RawBSONDocument) -> Document:
    """Return a raw document as plain Python values; also where a value in it looks like a DBRef."""
    if b"$ref\0" in raw.raw:
        # bson would take {"$ref": …, "$id": …} for a reference of its own. Raw nested documents it leaves alone.
        return {name: _plain(value) for name, value in RawBSONDocument(raw.raw, RAW).items()}
    return decode(raw.raw, CODEC)


def _plain(value: Any) -> Any:
    if isinstance(value, RawBSONDocument):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, Int64) else value
