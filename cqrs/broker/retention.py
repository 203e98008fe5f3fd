"""Retention: an index by which MongoDB removes what is older.

Changing it takes a lock that no open transaction allows, and whoever asks for that lock has all others wait behind it:
no transaction could write to the topic meanwhile. So it is asked for again and again, each time for a moment.
"""

import time
from collections.abc import Callable

import pymongo
from pymongo import ASCENDING
from pymongo.errors import ExecutionTimeout, NetworkTimeout, OperationFailure

from cqrs.broker.abandoned import end_abandoned
from cqrs.broker.errors import TopicInUse
from cqrs.broker.store import PREPARING_SECONDS, RETENTION_INDEX, Store

PATIENCE = 10.0
# Who sends tries again for longer than this, and needs less than the pause.
ATTEMPT_SECONDS = 0.5
PAUSE_SECONDS = 0.25
INDEX_HAS_OTHER_OPTIONS = 85
UNAUTHORIZED = 13


def keep_messages_for(store: Store, topic: str, retention_ms: int | None) -> None:
    """Have messages removed so long after they were appended, rounded up to seconds; None: never.

    Raises TopicInUse, and the driver's errors.
    """
    messages = store.messages(topic)
    present = messages.index_information().get(RETENTION_INDEX)
    if retention_ms is None:
        if present is not None:
            _patiently(store, topic, lambda: store.drop_index(messages.name, RETENTION_INDEX))
        return
    seconds = -(-retention_ms // 1000)
    if present is None:
        _create(store, topic, seconds)
    elif present["expireAfterSeconds"] != seconds:
        _change(store, topic, seconds)


def _create(store: Store, topic: str, seconds: int) -> None:
    messages = store.messages(topic)
    try:
        # Changes nothing, and takes the same lock: building the index can take long for another reason, too.
        _patiently(store, topic, lambda: store.database.command("collMod", messages.name))
    except OperationFailure as error:
        # Who may only read and write takes the chance that others wait with him.
        if error.code != UNAUTHORIZED:
            raise
    try:
        with pymongo.timeout(PREPARING_SECONDS):
            messages.create_index([("appendedAt", ASCENDING)], name=RETENTION_INDEX, expireAfterSeconds=seconds)
    except OperationFailure as error:
        if error.code != INDEX_HAS_OTHER_OPTIONS:
            raise
        _change(store, topic, seconds)


def _change(store: Store, topic: str, seconds: int) -> None:
    index = {"name": RETENTION_INDEX, "expireAfterSeconds": seconds}
    _patiently(store, topic, lambda: store.database.command("collMod", store.messages(topic).name, index=index))


def _patiently(store: Store, topic: str, change: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with pymongo.timeout(ATTEMPT_SECONDS):
                change()
        except (ExecutionTimeout, NetworkTimeout) as error:
            if time.monotonic() >= deadline:
                # Raises where MongoDB answers nothing else either.
                store.client.admin.command("ping")
                raise TopicInUse(topic, PATIENCE) from error
        else:
            return
        end_abandoned(store.client, store.log)
        time.sleep(PAUSE_SECONDS)
