"""Running a transaction to its end: conflicts are tried again with jitter, an unknown commit is repeated."""

import logging
import random
import time
from collections.abc import Callable
from itertools import count
from typing import TypeVar

import pymongo
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from cqrs.broker.abandoned import OWN_READ_CONCERN, SUSPICIOUS_SECONDS, end_abandoned
from cqrs.broker.logs import Log
from cqrs.broker.mongodb import STORE, Client, translated
from cqrs.broker.store import Store
from cqrs.errors import Unavailable

logger = logging.getLogger(__name__)

DEADLINE = 10.0
TRANSIENT = "TransientTransactionError"
COMMIT_UNKNOWN = "UnknownTransactionCommitResult"
TIME_EXPIRED = 50

# MongoDB aborts on a conflict instead of waiting. A transaction takes a few milliseconds, so waiting much longer than
# that only hands the turn to those who did not wait.
FIRST_PAUSE = 0.002
LONGEST_PAUSE = 0.05

T = TypeVar("T")


def in_transaction(
    store: Store,
    work: Callable[[ClientSession], T],
    *,
    seconds: float = DEADLINE,
    read_concern: str = OWN_READ_CONCERN,
) -> T:
    """Return what `work` returns, in a transaction on the broker's store; see `transact`."""
    return transact(store.client, work, seconds=seconds, read_concern=read_concern, log=store.log)


def transact(
    client: Client,
    work: Callable[[ClientSession], T],
    *,
    seconds: float = DEADLINE,
    read_concern: str = OWN_READ_CONCERN,
    log: Log = logger,
) -> T:
    """Return what `work` returns, once its writes are committed on a majority and in its journal.

    `work` may run several times, and must take effect through its session only. Raises Unavailable when it has not
    succeeded after `seconds`: where the answer to the commit was lost, it may have taken effect all the same. Whatever
    else `work` raises aborts and passes through. Work that may pause for seconds, because it runs code of others, needs
    `read_concern="majority"`: with the other it would be taken for frozen by whoever conflicts with it.
    """
    deadline = time.monotonic() + seconds
    look_at = time.monotonic() + SUSPICIOUS_SECONDS
    with translated(), pymongo.timeout(seconds), client.start_session() as session:
        for attempt in count():
            try:
                return _attempt(session, work, deadline, read_concern)
            except PyMongoError as error:
                if not error.has_error_label(TRANSIENT):
                    raise
                # Within a transaction nothing waits for a lock: what has timed out was not answered.
                if not error.timeout and look_at <= time.monotonic() < deadline:
                    end_abandoned(client, log, seconds=deadline - time.monotonic())
                    look_at = time.monotonic() + SUSPICIOUS_SECONDS
                _pause(attempt, deadline, error)
    raise AssertionError("unreachable")


def _attempt(session: ClientSession, work: Callable[[ClientSession], T], deadline: float, read_concern: str) -> T:
    session.start_transaction(ReadConcern(read_concern), WriteConcern("majority", j=True))
    try:
        result = work(session)
    except BaseException:
        session.abort_transaction()
        raise
    _commit(session, deadline)
    return result


def _commit(session: ClientSession, deadline: float) -> None:
    for attempt in count():
        try:
            session.commit_transaction()
        except PyMongoError as error:
            if not error.has_error_label(COMMIT_UNKNOWN) or getattr(error, "code", None) == TIME_EXPIRED:
                raise
            _pause(attempt, deadline, error)
        else:
            return


def _pause(attempt: int, deadline: float, error: PyMongoError) -> None:
    """Wait before the next attempt. Raises Unavailable where the deadline comes first."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt, 10))
    pause = random.uniform(0, longest)  # noqa: S311 - spreads load, guards nothing
    if time.monotonic() + pause >= deadline:
        raise Unavailable(STORE) from error
    time.sleep(pause)
