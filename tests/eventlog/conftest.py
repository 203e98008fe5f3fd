"""The event log alone, on empty tables, with writers that a test interleaves."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from cqrs.eventlog.append import append
from cqrs.eventlog.event_rows import NewEvent
from tests.eventlog.poison import CREATE, DROP
from tests.eventlog.writers import Writer

# The pool has six connections, and the test needs one itself.
MOST_WRITERS = 5

REFUSE_COMMIT = """
create function no_commit() returns trigger language plpgsql as $$ begin raise exception 'no commit'; end $$;
create constraint trigger no_commit after update on cqrs_checkpoint deferrable initially deferred
for each row execute function no_commit()
"""
ALLOW_COMMIT = "drop function no_commit cascade"


@pytest.fixture(autouse=True)
def _empty_log(clean_stores: None) -> None:
    """Every test here begins with an empty log."""


@pytest.fixture
def new_writer(clean_stores: None) -> Iterator[Callable[[], Writer]]:
    """Makes writers, at most five; what they have left open is rolled back after the test."""
    writers: list[Writer] = []

    def make() -> Writer:
        assert len(writers) < MOST_WRITERS
        writers.append(Writer())
        return writers[-1]

    yield make
    for writer in writers:
        writer.close()


@pytest.fixture
def commit(clean_stores: None) -> Callable[..., None]:
    """Appends events in a transaction of its own."""

    def append_and_commit(*events: NewEvent) -> None:
        with transaction.atomic():
            append(events)

    return append_and_commit


@pytest.fixture
def ask(clean_stores: None) -> Callable[..., list[tuple[Any, ...]]]:
    """Runs a statement and returns its rows."""

    def fetch(statement: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    return fetch


@pytest.fixture
def traces(ask: Callable[..., list[tuple[Any, ...]]]) -> Iterator[None]:
    """The table in which `tests.eventlog.poison` leaves its traces."""
    ask(CREATE)
    yield
    ask(DROP)


@pytest.fixture
def no_commit(ask: Callable[..., list[tuple[Any, ...]]]) -> Callable[[], AbstractContextManager[None]]:
    """Within the block, whatever moves a checkpoint fails when it commits, and only then."""

    @contextmanager
    def refuse() -> Iterator[None]:
        ask(REFUSE_COMMIT)
        try:
            yield
        finally:
            ask(ALLOW_COMMIT)

    return refuse
