"""Concurrent sends of one process share transactions, and its transactions on one partition take turns.

Small sends to one partition are gathered into groups. What is large or goes to several partitions has a transaction of
its own. Whoever writes to a partition holds its lock in this process: only other processes are left to conflict with.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from cqrs.broker import replays
from cqrs.broker.append import append
from cqrs.broker.interceptors import Interceptor
from cqrs.broker.message import Sent
from cqrs.broker.mongodb import STORE, translated
from cqrs.broker.outgoing import Send
from cqrs.broker.store import Store
from cqrs.broker.transaction import DEADLINE, in_transaction
from cqrs.errors import Unavailable
from cqrs.group_commit import GroupCommit

LARGEST_GROUP = 256
# A group is at most 256 of these, and waits for all of it.
LARGEST_SHARED_BYTES = 64 * 1024
MOST_SHARED_MESSAGES = 100
# A leader ends by its own deadline; who waits should hear its answer and not their own impatience.
PATIENCE = DEADLINE + 2

Outcome = list[Sent] | Exception
Lane = tuple[str, int]


class Appender:
    """Appends the sends of one process to the topics of one broker. A forked process needs one of its own."""

    def __init__(self, store: Callable[[], Store], interceptors: Sequence[Interceptor]) -> None:
        self.process = os.getpid()
        self._store = store
        self._interceptors = interceptors
        self._making = threading.Lock()
        self._locks: dict[Lane, threading.Lock] = {}
        self._groups: dict[Lane, GroupCommit[Send, Outcome]] = {}

    def append(self, send: Send) -> list[Sent]:
        """Store the messages of one call in one transaction and return where.

        Raises IdempotencyConflict, Unavailable, `append.OtherPartitions` and what an interceptor raises.
        """
        lanes = sorted({(send.topic, entry.partition) for entry in send.entries})
        outcome = self._group(lanes[0]).submit(send) if _is_shared(send, lanes) else self._alone(send, lanes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _alone(self, send: Send, lanes: Sequence[Lane]) -> Outcome:
        with self._holding(lanes):
            return self._write([send])[0]

    def _together(self, lane: Lane, sends: Sequence[Send]) -> list[Outcome]:
        with self._holding([lane]):
            first, again = _apart(sends)
            outcomes = dict(zip(first, self._write([sends[index] for index in first]), strict=True))
            for index in again:
                outcomes[index] = self._outcome(sends[index])
        return [outcomes[index] for index in range(len(sends))]

    def _outcome(self, send: Send) -> Outcome:
        # Others of the group are committed, so nothing may be raised for all of it any more.
        try:
            return self._write([send])[0]
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits for it
            return error

    def _write(self, sends: Sequence[Send]) -> list[Outcome]:
        """Write the sends in one transaction; those whose key was used before get what was written then."""
        store = self._store()
        try:
            return list(in_transaction(store, lambda session: append(store, sends, self._interceptors, session)))
        except replays.KeyUsed as used:
            with translated():
                before = replays.stored(store, sends, used.topic_id)
        former = [before.get(send.idempotency_key or "") for send in sends]
        fresh = [send for send, document in zip(sends, former, strict=True) if document is None]
        written = iter(self._write(fresh) if fresh else ())
        return [
            next(written) if document is None else replays.replayed(send, document)
            for send, document in zip(sends, former, strict=True)
        ]

    def _group(self, lane: Lane) -> GroupCommit[Send, Outcome]:
        group = self._groups.get(lane)
        if group is None:
            with self._making:
                group = self._groups.setdefault(lane, self._new_group(lane))
        return group

    def _new_group(self, lane: Lane) -> GroupCommit[Send, Outcome]:
        return GroupCommit(lambda sends: self._together(lane, sends), limit=LARGEST_GROUP, patience=PATIENCE)

    @contextmanager
    def _holding(self, lanes: Sequence[Lane]) -> Iterator[None]:
        """Hold the locks of these partitions, taken in order. Raises Unavailable where it takes too long."""
        deadline = time.monotonic() + DEADLINE
        held: list[threading.Lock] = []
        try:
            for lane in lanes:
                lock = self._lock(lane)
                if not lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
                    raise Unavailable(STORE)
                held.append(lock)
            yield
        finally:
            for lock in held:
                lock.release()

    def _lock(self, lane: Lane) -> threading.Lock:
        return self._locks.setdefault(lane, threading.Lock())


def _is_shared(send: Send, lanes: Sequence[Lane]) -> bool:
    return len(lanes) == 1 and len(send.entries) <= MOST_SHARED_MESSAGES and send.size <= LARGEST_SHARED_BYTES


def _apart(sends: Sequence[Send]) -> tuple[list[int], list[int]]:
    """Return which sends may share a transaction, and which repeat the key of one of those."""
    keys: set[str] = set()
    first, again = [], []
    for index, send in enumerate(sends):
        if send.idempotency_key is None:
            first.append(index)
        elif send.idempotency_key in keys:
            again.append(index)
        else:
            keys.add(send.idempotency_key)
            first.append(index)
    return first, again
