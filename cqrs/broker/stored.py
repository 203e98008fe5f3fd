"""How a message is stored.

A message is encoded once, when it is checked: what was checked is what is written, whatever its owner does to the value
meanwhile. Partition, offset and the time of appending are known only within the transaction, and are put around it.
"""

from datetime import datetime
from struct import Struct
from typing import Any

from bson import encode
from bson.errors import InvalidDocument
from bson.raw_bson import RawBSONDocument

from cqrs.broker.json_value import NotStorable
from cqrs.broker.message import ConsumerRecord, Message
from cqrs.broker.store import CODEC, RAW, decoded

# BSON (bsonspec.org): a document is its length, its elements and NUL; an element its type, its name, NUL and its data.
# {"_id": {"partition": int32, "offset": int64}}, with the length of the whole before it.
_HEAD = Struct("<i 5s i 11s i 8s q c")
_ID = b"\x03_id\0"
_PARTITION = b"\x10partition\0"
_OFFSET = b"\x12offset\0"
_ID_SIZE = 4 + 11 + 4 + 8 + 8 + 1
_LENGTH_SIZE = 4
_END = b"\0"


def body_of(message: Message) -> bytes:
    """Return the elements of the stored document that the message itself determines. Raises NotStorable."""
    try:
        return _elements(
            {
                "key": message.key,
                "value": message.value,
                "timestamp": message.timestamp,
                "headers": dict(message.headers),
            }
        )
    except UnicodeEncodeError as error:
        raise NotStorable("holds a lone surrogate, which is no character") from error
    except (InvalidDocument, OverflowError) as error:
        raise NotStorable(f"cannot be stored: {error}") from error


def appended_at(at: datetime) -> bytes:
    """Return the element that says when messages were appended."""
    return _elements({"appendedAt": at})


def document_of(body: bytes, partition: int, offset: int, appended: bytes) -> RawBSONDocument:
    """Return the document to insert: what `body_of` and `appended_at` returned, under its place."""
    size = _HEAD.size + len(body) + len(appended) + len(_END)
    head = _HEAD.pack(size, _ID, _ID_SIZE, _PARTITION, partition, _OFFSET, offset, _END)
    return RawBSONDocument(b"".join((head, body, appended, _END)), RAW)


def record_of(topic: str, stored: RawBSONDocument) -> ConsumerRecord:
    """Return the record that a stored document holds."""
    document = decoded(stored)
    place = document["_id"]
    return ConsumerRecord(
        topic=topic,
        partition=place["partition"],
        offset=place["offset"],
        message=Message(
            key=document["key"],
            value=document["value"],
            timestamp=document["timestamp"],
            headers=document["headers"],
        ),
        timestamp=document["appendedAt"],
    )


def _elements(document: dict[str, Any]) -> bytes:
    return encode(document, codec_options=CODEC)[_LENGTH_SIZE : -len(_END)]
