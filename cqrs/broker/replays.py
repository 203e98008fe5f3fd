"""Idempotency keys: what was sent under a key, so that sending it again changes nothing.

A key belongs to the topic as it is now: in one that was made anew under the same name nothing was sent under it yet.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from bson import ObjectId
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError

from cqrs.broker.errors import IdempotencyConflict
from cqrs.broker.message import Message, Sent
from cqrs.broker.mongodb import Document
from cqrs.broker.outgoing import Send
from cqrs.broker.partitioning import canonical_json
from cqrs.broker.store import Store

DUPLICATE_KEY = 11000


class KeyUsed(Exception):
    """One of the keys has been used before, so the transaction must be aborted and the key looked up.

    `topic_id` is the identity of the topic that it was used in.
    """

    def __init__(self, topic_id: ObjectId | None) -> None:
        self.topic_id = topic_id
        super().__init__("an idempotency key has been used before")


def fingerprint(messages: Sequence[Message]) -> bytes:
    """Return what identifies the content of a call; a time that the sender did not set is no part of it."""
    content = [
        [
            message.key,
            message.value,
            message.timestamp.isoformat() if message.timestamp else None,
            dict(message.headers),
        ]
        for message in messages
    ]
    return sha256(canonical_json(content).encode()).digest()


def remember(
    store: Store,
    sends: Sequence[Send],
    results: Sequence[Sequence[Sent]],
    *,
    topic_id: ObjectId | None,
    at: datetime,
    session: ClientSession,
) -> None:
    """Keep the results of the sends that have a key, for 24 hours. Raises KeyUsed."""
    documents = [
        {
            "_id": _id(send, topic_id),
            "fingerprint": send.fingerprint,
            "results": [{"partition": sent.partition, "offset": sent.offset} for sent in result],
            "at": at,
        }
        for send, result in zip(sends, results, strict=True)
        if send.idempotency_key is not None
    ]
    if not documents:
        return
    try:
        store.sends.insert_many(documents, session=session)
    except BulkWriteError as error:
        if any(wrong["code"] == DUPLICATE_KEY for wrong in error.details["writeErrors"]):
            raise KeyUsed(topic_id) from error
        raise


def stored(
    store: Store, sends: Sequence[Send], topic_id: ObjectId | None, session: ClientSession | None = None
) -> dict[str, Document]:
    """Return by key what was sent before under the keys of these sends, to the topic with this identity."""
    ids = [_id(send, topic_id) for send in sends if send.idempotency_key is not None]
    if not ids:
        return {}
    return {document["_id"]["key"]: document for document in store.sends.find({"_id": {"$in": ids}}, session=session)}


def replayed(send: Send, document: Document) -> list[Sent] | IdempotencyConflict:
    """Return the former result of the send, or the error where its content was another one then."""
    if document["fingerprint"] != send.fingerprint:
        return IdempotencyConflict(send.topic, document["_id"]["key"])
    return [Sent(partition=sent["partition"], offset=sent["offset"]) for sent in document["results"]]


def _id(send: Send, topic_id: ObjectId | None) -> Document:
    return {"topic": send.topic, "topicId": topic_id, "key": send.idempotency_key}
