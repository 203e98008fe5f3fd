"""Idempotency keys: a repeated write gets the first answer again, kept in the transaction of the first write itself."""

import json
from collections.abc import Callable
from typing import Final

from django.db import connection, transaction

from cqrs.eventlog.database import translated
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest
from cqrs.web.idempotency_key import IdempotencyKey, KeyInUse, KeyReused, idempotency_key

DELETED_WITH_EACH: Final = 2

TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(%s)"

FIND_ANSWER: Final = """
SELECT fingerprint, status, headers::text, body
  FROM cqrs_idempotency_key
 WHERE scope = %s AND created_at > now() - interval '24 hours'
"""

KEEP_ANSWER: Final = """
INSERT INTO cqrs_idempotency_key (scope, fingerprint, status, headers, body, created_at)
VALUES (%s, %s, %s, %s::jsonb, %s, clock_timestamp())
ON CONFLICT (scope) DO UPDATE
   SET (fingerprint, status, headers, body, created_at)
     = (excluded.fingerprint, excluded.status, excluded.headers, excluded.body, excluded.created_at)
"""

DELETE_EXPIRED: Final = """
DELETE FROM cqrs_idempotency_key
 WHERE scope IN (SELECT scope FROM cqrs_idempotency_key WHERE created_at < now() - interval '24 hours'
                  ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED)
"""


def run_idempotently(request: ApiRequest, work: Callable[[], Answer]) -> Answer:
    """The answer of `work`, run in one transaction; under a key seen before, the first answer and no work at all.

    The answer is kept in that same transaction, so it exists exactly if the work's effects do. Where `work` raises,
    nothing is kept; an answer of 5xx rolls back too, and the key stays free for another attempt. Without a key `work`
    simply runs in a transaction.

    Raises:
        KeyInUse: another request with the key is in flight.
        KeyReused: the key came with another body before.
        Unavailable: PostgreSQL cannot be reached.
        InvalidRequest: the key is malformed.
    """
    key = idempotency_key(request)
    with translated(), transaction.atomic(durable=True):
        return work() if key is None else _run_under_key(key, work)


def purge_expired_keys(batch: int = 1_000) -> int:
    """Delete at most `batch` answers that are older than a day; returns how many, so 0 means that none are left."""
    with translated(), connection.cursor() as cursor:
        cursor.execute(DELETE_EXPIRED, [batch])
        deleted: int = cursor.rowcount
    return deleted


def _run_under_key(key: IdempotencyKey, work: Callable[[], Answer]) -> Answer:
    _lock(key.scope)
    if (kept := _find(key)) is not None:
        return kept
    answer = work()
    if answer.status >= 500:  # noqa: PLR2004 - the class of server errors
        transaction.set_rollback(True)
    else:
        _keep(key, answer)
    return answer


def _lock(scope: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [int.from_bytes(scope[:8], signed=True)])
        (obtained,) = cursor.fetchone()
    if not obtained:
        raise KeyInUse


def _find(key: IdempotencyKey) -> Answer | None:
    # A statement of its own: its snapshot is newer than the lock, so it sees what the last holder committed.
    with connection.cursor() as cursor:
        cursor.execute(FIND_ANSWER, [key.scope])
        row = cursor.fetchone()
    if row is None:
        return None
    fingerprint, status, headers, body = row
    if bytes(fingerprint) != key.fingerprint:
        raise KeyReused
    return Answer(status=status, headers=json.loads(headers) | {"Idempotent-Replayed": "true"}, body=bytes(body))


def _keep(key: IdempotencyKey, answer: Answer) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            KEEP_ANSWER,
            [key.scope, key.fingerprint, int(answer.status), json.dumps(dict(answer.headers)), answer.body],
        )
        # Each kept answer takes two old ones away, so the table needs no worker to stay small.
        cursor.execute(DELETE_EXPIRED, [DELETED_WITH_EACH])
