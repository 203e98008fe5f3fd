"""Records that a group could not handle, and the later ones of their keys, which wait behind them in order.

Only the owner of a partition adds letters and handles them; operators list, retry and discard. Both meet in
transactions on the same documents, so nothing is put to wait behind a letter that is taken out meanwhile.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from bson import Int64, ObjectId
from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from cqrs.broker import positions
from cqrs.broker.failing import Failure
from cqrs.broker.message import ConsumerRecord, Message
from cqrs.broker.mongodb import Document, translated
from cqrs.broker.positions import Claim
from cqrs.broker.store import RAW, Store, decoded
from cqrs.broker.transaction import in_transaction
from cqrs.broker.unhindered import unhindered
from cqrs.clock import now

LONGEST_CAUSE = 2000
# However often an operator has it tried again, a letter stays a document.
MOST_TIMES = 1000

State = Literal["parked", "waiting", "retrying"]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A record that was given up (`parked`, or `retrying` once an operator asked for that) or waits behind one.

    `attempts` counts all that have failed, `failed_at` says when the last thousand of them did.
    """

    id: str
    group: str
    state: State
    record: ConsumerRecord
    error: str | None
    error_type: str | None
    attempts: int
    failed_at: tuple[datetime, ...]
    parked_at: datetime


def held_keys(store: Store, claim: Claim) -> set[str]:
    """Return the keys that have a letter in this partition: later records of theirs have to wait.

    Keys of a former topic of the same name may be among them; `put_to_wait` looks closer.
    """
    with translated():
        keys = store.dead_letters.distinct("key", _partition(claim.group, claim.topic, claim.partition))
    return {key for key in keys if key is not None}


def park(store: Store, claim: Claim, record: ConsumerRecord, failure: Failure) -> None:
    """Take the record out of the way and have the group go on behind it, or neither. Raises Fenced, Unavailable."""

    def work(session: ClientSession) -> None:
        add_parked(store, claim, record, failure, session=session)
        positions.commit(store, claim, record.offset + 1, session=session)

    in_transaction(store, work)


def add_parked(store: Store, claim: Claim, record: ConsumerRecord, failure: Failure, *, session: ClientSession) -> None:
    """Add the letter of a record that was given up, within the transaction that moves the position behind it."""
    # There is one already where an operator has had the group read the record again.
    store.dead_letters.delete_one(_place(claim, record), session=session)
    store.dead_letters.insert_one(_letter(claim, record, "parked") | _cause(failure), session=session)


def put_to_wait(store: Store, claim: Claim, record: ConsumerRecord) -> bool:
    """Have the record wait behind its key's letters and the group go on; False where the key has no letter any more.

    Raises Fenced, Unavailable.
    """

    def work(session: ClientSession) -> bool:
        if not add_waiting(store, claim, record, session=session):
            return False
        positions.commit(store, claim, record.offset + 1, session=session)
        return True

    return in_transaction(store, work)


def add_waiting(store: Store, claim: Claim, record: ConsumerRecord, *, session: ClientSession) -> bool:
    """Put the record behind its key's letters within a transaction; False where the key has no letter any more."""
    behind = {**_of_topic(claim), "key": record.message.key}
    # Writes to it, so that nobody can take the last letter of the key out at the same moment.
    if not store.dead_letters.update_one(behind, {"$inc": {"behind": 1}}, session=session).matched_count:
        return False
    if store.dead_letters.find_one(_place(claim, record), {"_id": 1}, session=session) is None:
        store.dead_letters.insert_one(_letter(claim, record, "waiting"), session=session)
    return True


def partitions_to_retry(store: Store, *, group: str, topic: str) -> set[int]:
    """Return the partitions in which an operator has asked for a retry."""
    with translated():
        return set(store.dead_letters.distinct("partition", {"group": group, "topic": topic, "state": "retrying"}))


def next_to_retry(store: Store, claim: Claim) -> DeadLetter | None:
    """Return the first letter of the partition that should be tried again."""
    wanted = {**_partition(claim.group, claim.topic, claim.partition), "state": "retrying"}
    return next(iter(_find(store, wanted, limit=1)), None)


def is_to_retry(store: Store, letter: DeadLetter, *, session: ClientSession) -> bool:
    """Whether the letter is still there to be tried again."""
    wanted = {"_id": ObjectId(letter.id), "state": "retrying"}
    return store.dead_letters.find_one(wanted, {"_id": 1}, session=session) is not None


def settle(store: Store, claim: Claim, letter: DeadLetter, *, session: ClientSession) -> None:
    """Take out a letter that was handled, within a transaction; what waits behind it is next. Raises Fenced."""
    positions.confirm(store, claim, session=session)
    _take_out(store, letter.id, session)


def park_again(store: Store, claim: Claim, letter: DeadLetter, failure: Failure) -> None:
    """Leave a letter that has failed again to the operator. Raises Fenced, Unavailable."""
    cause = _cause(failure)
    cause["failedAt"] = [*letter.failed_at, *cause["failedAt"]][-MOST_TIMES:]
    cause["attempts"] += letter.attempts

    def work(session: ClientSession) -> None:
        positions.confirm(store, claim, session=session)
        change = {"$set": {**cause, "state": "parked"}}
        store.dead_letters.update_one({"_id": ObjectId(letter.id)}, change, session=session)

    in_transaction(store, work)


def listing(
    store: Store, *, group: str | None = None, topic: str | None = None, key: str | None = None, limit: int = 100
) -> list[DeadLetter]:
    """Return letters by group, topic, partition and offset. Raises Unavailable."""
    given = {"group": group, "topic": topic, "key": key}
    return _find(store, {name: value for name, value in given.items() if value is not None}, limit=limit)


def get(store: Store, letter_id: str) -> DeadLetter | None:
    """Return one letter, or None. Raises Unavailable."""
    if not ObjectId.is_valid(letter_id):
        return None
    return next(iter(_find(store, {"_id": ObjectId(letter_id)}, limit=1)), None)


def retry(store: Store, *, group: str, topic: str, key: str | None = None, letter_id: str | None = None) -> int:
    """Have parked letters tried again, and behind each what waits for it; return how many were parked.

    The owner of the partition does it within a second or so, or whoever owns it next. Raises Unavailable.
    """
    parked = {"group": group, "topic": topic, "state": "parked", **_chosen(key, letter_id)}
    change = {"$set": {"state": "retrying"}}
    with translated():
        return unhindered(store, lambda: store.dead_letters.update_many(parked, change).modified_count)


def discard(store: Store, letter_id: str) -> bool:
    """Give a record up for good; what waits behind it is tried next. False where there is no such letter.

    Raises Unavailable.
    """
    if not ObjectId.is_valid(letter_id):
        return False
    return in_transaction(store, lambda session: _take_out(store, letter_id, session))


def _take_out(store: Store, letter_id: str, session: ClientSession) -> bool:
    taken = store.dead_letters.find_one_and_delete(
        {"_id": ObjectId(letter_id)}, projection={"record": 0}, session=session
    )
    if taken is None:
        return False
    if taken["state"] != "waiting" and taken["key"] is not None:
        waiting = {name: taken[name] for name in ("group", "topic", "partition", "key")} | {"state": "waiting"}
        if taken.get("topicId") is not None:
            waiting["topicId"] = {"$in": [taken["topicId"], None]}
        change = {"$set": {"state": "retrying"}}
        store.dead_letters.find_one_and_update(waiting, change, sort=[("offset", ASCENDING)], session=session)
    return True


def _find(store: Store, wanted: Document, *, limit: int) -> list[DeadLetter]:
    raw = store.database.get_collection(store.dead_letters.name, codec_options=RAW)
    order = [("group", ASCENDING), ("topic", ASCENDING), ("partition", ASCENDING), ("offset", ASCENDING)]
    with translated():
        return [_dead_letter(decoded(one)) for one in raw.find(wanted).sort(order).limit(limit)]  # type: ignore[arg-type]  # typed by the database's codec


def _chosen(key: str | None, letter_id: str | None) -> Document:
    chosen: Document = {} if key is None else {"key": key}
    return chosen if letter_id is None else {**chosen, "_id": ObjectId(letter_id)}


def _partition(group: str, topic: str, partition: int) -> Document:
    return {"group": group, "topic": topic, "partition": partition}


def _of_topic(claim: Claim) -> Document:
    """Return what the letters of a partition have in common, without those of a former topic of the same name.

    Letters without an identity are older than identities; they are given one when the topic is made anew.
    """
    partition = _partition(claim.group, claim.topic, claim.partition)
    return {**partition, "topicId": {"$in": [claim.topic_id, None]}}


def _place(claim: Claim, record: ConsumerRecord) -> Document:
    return {**_of_topic(claim), "offset": record.offset}


def _letter(claim: Claim, record: ConsumerRecord, state: State) -> Document:
    message = record.message
    return {
        "_id": ObjectId(),
        **_partition(claim.group, claim.topic, claim.partition),
        "topicId": claim.topic_id,
        "offset": Int64(record.offset),
        "key": message.key,
        "record": {
            "value": message.value,
            "timestamp": message.timestamp,
            "headers": dict(message.headers),
            "appendedAt": record.timestamp,
        },
        "state": state,
        "error": None,
        "errorType": None,
        "attempts": 0,
        "failedAt": [],
        "parkedAt": now(),
    }


def _cause(failure: Failure) -> Document:
    return {
        "error": _text_of(failure.error)[:LONGEST_CAUSE].encode(errors="replace").decode(),
        "errorType": type(failure.error).__name__,
        "attempts": len(failure.failed_at),
        "failedAt": list(failure.failed_at[-MOST_TIMES:]),
    }


def _text_of(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - it is the code of others, and the letter is to be written whatever it does
        return "(no text: the error cannot be spelled out)"


def _dead_letter(stored: Mapping[str, Any]) -> DeadLetter:
    record = stored["record"]
    return DeadLetter(
        id=str(stored["_id"]),
        group=stored["group"],
        state=stored["state"],
        record=ConsumerRecord(
            topic=stored["topic"],
            partition=stored["partition"],
            offset=stored["offset"],
            message=Message(
                key=stored["key"], value=record["value"], timestamp=record["timestamp"], headers=record["headers"]
            ),
            timestamp=record["appendedAt"],
        ),
        error=stored["error"],
        error_type=stored["errorType"],
        attempts=stored["attempts"],
        failed_at=tuple(stored["failedAt"]),
        parked_at=stored["parkedAt"],
    )
