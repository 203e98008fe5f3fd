"""Who works on a shard: whoever holds its advisory lock, for the length of one transaction.

No clock is involved and nothing is written. The lock takes no transaction id, and it vanishes with its connection.
"""

import logging
from hashlib import sha256

from django.db import DEFAULT_DB_ALIAS, Error, connection, connections

logger = logging.getLogger(__name__)

# In place of a shard's number: the right to create the checkpoints.
CREATION = -1
# And the right to maintain the subscription as a whole.
MAINTENANCE = -2

TRY_LOCK = "select pg_try_advisory_xact_lock(%s, %s)"
# A batch in hand may take longer than the time for which other locks are waited for.
WAIT_LONG = "set local lock_timeout = 0"
LOCK = "select pg_advisory_xact_lock(%s, %s)"
TRY_HOLD = "select pg_try_advisory_lock(%s, %s)"
RELEASE = "select pg_advisory_unlock_all()"


def try_own(subscription: str, shard: int) -> bool:
    """Take the shard until the transaction ends; False where somebody else has it."""
    with connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [_lock_class(subscription), shard])
        return bool(cursor.fetchone()[0])


def own(subscription: str, shard: int) -> None:
    """Take the shard until the transaction ends, waiting for the batch that somebody else has in hand."""
    with connection.cursor() as cursor:
        cursor.execute(WAIT_LONG)
        cursor.execute(LOCK, [_lock_class(subscription), shard])


class Maintenance:
    """The right to maintain a subscription as a whole, which at most one session has. It keeps no worker from a shard.

    It has a session of its own, since pooled ones come and go, and ends with it.
    """

    def __init__(self, subscription: str) -> None:
        self._subscription = subscription
        self._session = connections.create_connection(DEFAULT_DB_ALIAS)

    def take(self) -> bool:
        """Have it, still or again; False where somebody else has it."""
        try:
            with self._session.cursor() as cursor:
                cursor.execute(TRY_HOLD, [_lock_class(self._subscription), MAINTENANCE])
                return bool(cursor.fetchone()[0])
        except Error:
            self._session.close()
            raise

    def give_back(self) -> None:
        """Let others have it."""
        try:
            with self._session.cursor() as cursor:
                cursor.execute(RELEASE)
        except Error:
            logger.info("the right to maintain ended with its session", extra={"subscription": self._subscription})
        finally:
            self._session.close()


def _lock_class(subscription: str) -> int:
    return int.from_bytes(sha256(f"cqrs subscription {subscription}".encode()).digest()[:4], signed=True)
