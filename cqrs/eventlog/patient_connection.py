"""A connection that does not wait for ever for a server that accepts statements and never answers.

The server's own limits (`statement_timeout`, `lock_timeout`) say nothing where the server itself has fallen silent, and
TCP notices nothing as long as the kernel at the other end acknowledges.
"""

from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout

from cqrs.context import current

T = TypeVar("T")

# Beyond `statement_timeout`, so that a server that works has always answered before.
LONGEST_PATIENCE: Final = 65.0
_INTERVAL: Final = 0.1


class PatientConnection(psycopg.Connection[Any]):
    """Waits for each answer as long as the work at hand has patience (`Context.patience`), 65 seconds at most.

    Then it closes itself, since what is on its way could be taken for the next answer, and raises OperationalError.
    Whether the statement took effect is not known, as after any lost connection.
    """

    def wait(self, gen: PQGen[T], interval: float = _INTERVAL, timeout: float | None = None) -> T:
        """What psycopg calls for each answer; with a `timeout` the caller looks after it himself."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        patience = current().patience or LONGEST_PATIENCE
        try:
            return super().wait(gen, interval, patience)
        except _WaitTimeout as error:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer within {patience:g} s") from error
