"""Ending transactions that nobody will finish.

MongoDB does not end a transaction with the connection of its client: what a killed process had written stays locked for
up to eighty seconds, and everybody else conflicts with it. So who has been conflicting for too long looks for such
transactions and ends them. To end one too many does no harm: it is aborted, and its owner begins it again.
"""

import logging
from contextvars import Context
from typing import Any

import pymongo
from bson.binary import Binary
from bson.codec_options import CodecOptions
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from cqrs.broker.logs import Log
from cqrs.broker.mongodb import APP_NAME, Client, Document

logger = logging.getLogger(__name__)

# So long nobody who is alive keeps a transaction open on purpose.
SUSPICIOUS_SECONDS = 1.5
# The broker's own transactions pause between two statements for milliseconds.
GONE_MICROSECONDS = 1_000_000
FROZEN_MICROSECONDS = 4_000_000
# A handler may pause within its transaction, and is repeated where it was ended for nothing.
FROZEN_HANDLER_MICROSECONDS = 10_000_000
LOOK_SECONDS = 1.0

# Of the broker's own user: to see and to end the transactions of others would need a privilege.
WHAT_RUNS = [{"$currentOp": {"allUsers": False, "idleConnections": True, "idleSessions": True}}]
# What the broker's own, short transactions read with; a handler's transaction, which may take its time, does not.
OWN_READ_CONCERN = "snapshot"


def end_abandoned(
    client: Client, log: Log = logger, *, seconds: float = LOOK_SECONDS, handlers_too: bool = False
) -> int:
    """End the idle transactions whose client is gone, and the broker's own that are frozen; return how many.

    With `handlers_too` also transactions of handlers that nothing was heard of for ten seconds: for who finds a
    position locked, which a handler's transaction writes last of all. Those of the same user only. Takes `seconds` at
    the most, and never more than one, whatever deadline the caller's thread has: waiting may have used that up. Never
    raises: it is a remedy, and who asked for it tries again anyway.
    """
    try:
        # The deadline is in the context of this thread, and a nested one cannot be longer.
        sessions = Context().run(_end, client, min(seconds, LOOK_SECONDS), handlers_too)
    except PyMongoError as error:
        log.warning("could not look for abandoned transactions", extra={"error_type": type(error).__name__})
        return 0
    if sessions:
        log.warning("ended abandoned transactions", extra={"transactions": len(sessions)})
    return len(sessions)


def _end(client: Client, seconds: float, handlers_too: bool) -> list[Binary]:
    with pymongo.timeout(seconds):
        # The stage takes no other read concern; session ids are handed back as the bytes that they are.
        admin = client.get_database("admin", CodecOptions(), read_concern=ReadConcern("local"))
        sessions = _abandoned(list(admin.aggregate(WHAT_RUNS)), handlers_too)
        if sessions:
            admin.command("killSessions", [{"id": session} for session in sessions])
    return sessions


def _abandoned(running: list[Document], handlers_too: bool) -> list[Binary]:
    connections = {one["connectionId"] for one in running if one.get("type") == "op" and "connectionId" in one}
    idle = [one for one in running if one.get("type") == "idleSession" and "transaction" in one]
    return [one["lsid"]["id"] for one in idle if _is_gone(one, connections) or _is_frozen(one, handlers_too)]


def _is_gone(session: Document, connections: set[Any]) -> bool:
    inactive = session["transaction"]["timeInactiveMicros"]
    return inactive >= GONE_MICROSECONDS and session.get("connectionId") not in connections


def _is_frozen(session: Document, handlers_too: bool) -> bool:
    transaction = session["transaction"]
    if session.get("appName") != APP_NAME:
        return False
    if transaction["parameters"]["readConcern"].get("level") == OWN_READ_CONCERN:
        return bool(transaction["timeInactiveMicros"] >= FROZEN_MICROSECONDS)
    return handlers_too and bool(transaction["timeInactiveMicros"] >= FROZEN_HANDLER_MICROSECONDS)
