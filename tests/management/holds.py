"""Places at which the stores themselves hold a rebuild, so that a test can kill it there."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from django.db import connection, transaction

from cqrs.eventlog.ownership import own
from cqrs.testing.waiting import wait_until
from cqrs_project import postgres
from tests.threads import in_background
from users_query.fresh_collection import PREFIX
from users_query.mongodb import database

APPID = "rebuilder"
WAITS_IN_POSTGRES = """
select exists (select from pg_stat_activity
               where application_name = 'cqrs rebuilder' and wait_event_type = 'Lock' and state = 'active')
"""
# The server would end whoever holds a lock for fifteen seconds.
AS_LONG_AS_IT_TAKES = "set local idle_in_transaction_session_timeout = 0"
# Long enough for a loaded machine to start a process.
SECONDS = 60

# Yields what waits until the rebuild has got there.
Hold = Callable[[], AbstractContextManager[Callable[[], None]]]


@contextmanager
def in_the_copy() -> Iterator[Callable[[], None]]:
    """Documents are written to the fresh collection; the checkpoint that says so is not."""
    with postgres.connect() as locker, locker.transaction():
        locker.execute(AS_LONG_AS_IT_TAKES)
        reached = False

        def wait() -> None:
            nonlocal reached
            wait_until(fresh_collections, "a fresh collection is there", seconds=SECONDS)
            locker.execute("lock table cqrs_checkpoint in exclusive mode")
            _wait_for_lock()
            reached = True

        yield wait
        assert reached


@contextmanager
def before_the_swap() -> Iterator[Callable[[], None]]:
    """All is copied; somebody else has a batch of the live projection in hand."""
    taken, over = threading.Event(), threading.Event()

    def batch() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(AS_LONG_AS_IT_TAKES)
            own("users", 0)
            taken.set()
            over.wait(SECONDS)

    with in_background(batch):
        assert taken.wait(SECONDS)
        yield _wait_for_lock
        over.set()


@contextmanager
def between_rename_and_commit() -> Iterator[Callable[[], None]]:
    """The fresh collection is the live one; what PostgreSQL has to note about it is not committed."""
    with postgres.connect() as locker, locker.transaction():
        locker.execute(AS_LONG_AS_IT_TAKES)
        locker.execute("lock table cqrs_dead_letter in share row exclusive mode")

        def wait() -> None:
            _wait_for_lock()
            assert fresh_collections() == [], "it is renamed"

        yield wait


def fresh_collections() -> list[str]:
    """The collections that are beside the live one."""
    return database().list_collection_names(filter={"name": {"$regex": f"^{PREFIX}"}})


def _wait_for_lock() -> None:
    wait_until(_waits, "the rebuild waits for a lock", seconds=SECONDS)


def _waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITS_IN_POSTGRES)
        return bool(cursor.fetchone()[0])
