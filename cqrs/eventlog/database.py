"""The edge to PostgreSQL: where driver errors become errors of this package, once."""

from collections.abc import Iterator
from contextlib import contextmanager

import django.db
import psycopg

from cqrs.errors import Unavailable

STORE = "postgresql"

# The drivers call all of class 54, limits that a statement exceeds, operational; but what is too large stays too large.
PROGRAM_LIMIT = "54"
# And these, which only say that this session or server cannot write now, internal: a standby, ended by a time limit.
ENDED_OR_STANDBY = frozenset({"25006", "25P03", "25P04"})

_OPERATIONAL = (
    django.db.OperationalError,
    django.db.InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)


@contextmanager
def translated() -> Iterator[None]:
    """Raise Unavailable in place of the errors that only say that PostgreSQL cannot be reached or asked now.

    That includes being chosen as the victim of a deadlock and running into a time limit. Whatever is the fault of the
    statement or its data passes through.
    """
    try:
        yield
    except (django.db.Error, psycopg.Error) as error:
        if _is_unavailability(error):
            raise Unavailable(STORE) from error
        raise


def sqlstate(error: BaseException) -> str | None:
    """Return the code that PostgreSQL gave an error, of the driver's or of Django's; None where it gave none."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None


def _is_unavailability(error: BaseException) -> bool:
    code = sqlstate(error)
    if isinstance(error, _OPERATIONAL):
        return code is None or not code.startswith(PROGRAM_LIMIT)
    return code in ENDED_OR_STANDBY
