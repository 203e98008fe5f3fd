"""A record that fails: tried again in place, with back-off, until it succeeds or is given up."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from cqrs.broker.errors import Fenced, InvalidPayload
from cqrs.broker.logs import Log
from cqrs.broker.message import ConsumerRecord
from cqrs.clock import now
from cqrs.errors import Unavailable
from cqrs.retry import RetryPolicy

ErrorHandler = Callable[[Exception, ConsumerRecord | None], None]

UNAVAILABLE = RetryPolicy(max_attempts=0, base=0.2, cap=5.0)


class Interrupted(Exception):
    """The partition has to be left before the record could be handled: it stays unhandled."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A record that was given up: its last error, and when each attempt failed."""

    error: Exception
    failed_at: tuple[datetime, ...]


class Attempts:
    """The attempts to handle one record: what has failed, and when to try again.

    The first failure counts; Unavailable does not, and is waited out for ever. A payload of the wrong shape fails at
    once for good: it will not change.
    """

    def __init__(self, policy: RetryPolicy, record: ConsumerRecord, *, on_error: ErrorHandler | None, log: Log) -> None:
        self._policy = policy
        self._record = record
        self._on_error = on_error
        self._log = log
        self._failed_at: list[datetime] = []
        self._outages = 0

    def failed(self, error: Exception) -> float | Failure:
        """Take note that an attempt has failed; return the seconds until the next one, or that there is none."""
        if isinstance(error, Unavailable):
            self._outages += 1
            self._tell(error)
            return UNAVAILABLE.delay(self._outages)
        self._failed_at.append(now())
        self._tell(error)
        if isinstance(error, InvalidPayload) or self._policy.exhausted(len(self._failed_at)):
            return Failure(error=error, failed_at=tuple(self._failed_at))
        return self._policy.delay(len(self._failed_at))

    def _tell(self, error: Exception) -> None:
        fields = {"error_type": type(error).__name__, "attempts": len(self._failed_at)}
        self._log.warning("record could not be handled", extra={**place_of(self._record), **fields})
        tell(self._on_error, error, self._record, self._log)


class Persistence:
    """Tries the handling of a record in place until it succeeds, is given up, or the partition must be left.

    `rest` waits so many seconds and says whether to go on.
    """

    def __init__(
        self, policy: RetryPolicy, *, rest: Callable[[float], bool], on_error: ErrorHandler | None, log: Log
    ) -> None:
        self._policy = policy
        self._rest = rest
        self._on_error = on_error
        self._log = log

    def run(self, record: ConsumerRecord, attempt: Callable[[], None]) -> Failure | None:
        """Return None once `attempt` has succeeded, or the failure. Raises Interrupted, Fenced."""
        attempts = Attempts(self._policy, record, on_error=self._on_error, log=self._log)
        while True:
            try:
                attempt()
            except Fenced:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a handler raises is held against its record
                answer = attempts.failed(error)
            else:
                return None
            if isinstance(answer, Failure):
                return answer
            if not self._rest(answer):
                raise Interrupted


def tell(on_error: ErrorHandler | None, error: Exception, record: ConsumerRecord | None, log: Log) -> None:
    """Let the error handler know. What it raises itself is logged and changes nothing."""
    if on_error is None:
        return
    try:
        on_error(error, record)
    except Exception:
        log.exception("error handler failed", extra={} if record is None else place_of(record))


def place_of(record: ConsumerRecord) -> dict[str, object]:
    """Return the fields that say in a log line which record is meant."""
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}
