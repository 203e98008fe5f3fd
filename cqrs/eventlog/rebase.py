"""Making a restored log readable again.

A dump carries the transaction ids and snapshots of the cluster that it was taken on. Elsewhere they mean nothing: rows
may lie in the future of this cluster, where no reader sees them, and a checkpoint may call read what never was.
"""

import msgspec
from django.db import connection, transaction

from cqrs.eventlog.checkpoint import BEFORE_EVERYTHING
from cqrs.eventlog.standstill import own_all, place
from cqrs.eventlog.triage import discard_all

# Rewriting a long log takes longer than any other statement, and nobody else can append meanwhile anyhow.
TAKE_YOUR_TIME = "set local statement_timeout = 0"

# Readers and what they read of it go on; who wants to append waits. Nobody is in the middle of an append afterwards,
# so whatever lies in the future has been restored.
KEEP_APPENDERS_OUT = "lock table cqrs_event in share row exclusive mode"

BRING_TO_PRESENT = "update cqrs_event set xid = pg_current_xact_id() where xid > pg_current_xact_id()"


class Rebased(msgspec.Struct, frozen=True, kw_only=True):
    """What was done: events brought from the future to the present, parked events that will be read again."""

    brought_to_present: int
    unparked: int


def rebase(subscription: str) -> Rebased:
    """Have a subscription read the whole log again on this cluster, in one transaction.

    Nothing is skipped, and handlers change nothing for what they have handled before. Parked events are forgotten,
    since they are read again as well; those that still fail are parked anew.
    Raises UnknownSubscription.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TAKE_YOUR_TIME)
        shards = own_all(subscription)
        cursor.execute(KEEP_APPENDERS_OUT)
        cursor.execute(BRING_TO_PRESENT)
        brought = cursor.rowcount
        unparked = discard_all(subscription)
        place(subscription, shards=len(shards), read=BEFORE_EVERYTHING)
    return Rebased(brought_to_present=brought, unparked=unparked)
