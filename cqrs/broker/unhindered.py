"""Single writes that meet what an abandoned transaction has locked.

Within a transaction MongoDB aborts on a conflict, outside it waits for whoever holds the lock: for up to eighty seconds
where that was killed. So a write that takes suspiciously long is interrupted, and begun again once such transactions
have been ended.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import pymongo
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

from cqrs.broker.abandoned import SUSPICIOUS_SECONDS, end_abandoned
from cqrs.broker.store import Store

# A deadline of the caller that ends sooner tells nothing about locks.
LEAST_SECONDS = 0.75

T = TypeVar("T")


def unhindered(store: Store, write: Callable[[], T], *, handlers_too: bool = False) -> T:
    """Return what `write` returns, which runs again where it was hindered.

    It must stand that: the first run may have taken effect. The caller's deadline holds, but for the look at what
    hinders: where it has passed by then, the next call finds the way free. `handlers_too` is meant as in
    `end_abandoned`. Raises what `write` raises, the driver's errors included.
    """
    began = time.monotonic()
    try:
        with pymongo.timeout(SUSPICIOUS_SECONDS):
            return write()
    except PyMongoError as error:
        if not error.timeout or time.monotonic() - began < LEAST_SECONDS:
            raise
        if not isinstance(error, ServerSelectionTimeoutError):
            end_abandoned(store.client, store.log, handlers_too=handlers_too)
    return write()
