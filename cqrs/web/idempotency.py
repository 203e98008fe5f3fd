"""Idempotency keys: a repeated write gets the first answer again, kept in the transaction of the first write itself."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from django.db import connection, transaction

from cqrs.errors import CqrsError
from cqrs.eventlog.database import translated
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest
from cqrs.web.errors import FieldError, InvalidRequest
from cqrs.web.problem import KEY_IN_USE, KEY_REUSED, register_problem

HEADER: Final = "Idempotency-Key"

DELETED_WITH_EACH: Final = 2

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

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


class KeyInUse(CqrsError):
    """A request with this key is being worked on; its answer can be asked for in a moment (409)."""

    retry_after = 1.0

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is still being worked on.")


class KeyReused(CqrsError):
    """The key has answered another request already (422)."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for a request with another body or content type.")


def register_idempotency_problems() -> None:
    """Tell the table of problems about this module's errors; the composition root calls it once."""
    register_problem(KeyInUse, KEY_IN_USE)
    register_problem(KeyReused, KEY_REUSED)


def idempotency_key(request: ApiRequest) -> str | None:
    """The request's key, None without one.

    Raises:
        InvalidRequest: not 1 to 255 visible ASCII characters.
    """
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidRequest([FieldError(HEADER, "Expected 1 to 255 visible ASCII characters", "format")])
    return key


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
        return work() if key is None else _run_under_key(request, key, work)


def purge_expired_keys(batch: int = 1_000) -> int:
    """Delete at most `batch` answers that are older than a day; returns how many, so 0 means that none are left."""
    with translated(), connection.cursor() as cursor:
        cursor.execute(DELETE_EXPIRED, [batch])
        deleted: int = cursor.rowcount
    return deleted


def _run_under_key(request: ApiRequest, key: str, work: Callable[[], Answer]) -> Answer:
    scope = sha256(f"{request.method} {request.get_full_path()} {key}".encode()).digest()
    fingerprint = sha256(request.content_type.encode() + b"\0" + request.raw_body).digest()
    _lock(scope)
    if (kept := _find(scope, fingerprint)) is not None:
        return kept
    answer = work()
    if answer.status >= 500:  # noqa: PLR2004 - the class of server errors
        transaction.set_rollback(True)
    else:
        _keep(scope, fingerprint, answer)
    return answer


def _lock(scope: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [int.from_bytes(scope[:8], signed=True)])
        (obtained,) = cursor.fetchone()
    if not obtained:
        raise KeyInUse


def _find(scope: bytes, fingerprint: bytes) -> Answer | None:
    # A statement of its own: its snapshot is newer than the lock, so it sees what the last holder committed.
    with connection.cursor() as cursor:
        cursor.execute(FIND_ANSWER, [scope])
        row = cursor.fetchone()
    if row is None:
        return None
    kept_fingerprint, status, headers, body = row
    if bytes(kept_fingerprint) != fingerprint:
        raise KeyReused
    return Answer(status=status, headers=json.loads(headers) | {"Idempotent-Replayed": "true"}, body=bytes(body))


def _keep(scope: bytes, fingerprint: bytes, answer: Answer) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            KEEP_ANSWER, [scope, fingerprint, int(answer.status), json.dumps(dict(answer.headers)), answer.body]
        )
        # Each kept answer takes two old ones away, so the table needs no worker to stay small.
        cursor.execute(DELETE_EXPIRED, [DELETED_WITH_EACH])
