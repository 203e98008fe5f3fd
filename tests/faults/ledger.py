"""What both stores hold of a run, counted in the stores themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pymongo
from pymongo.database import Database

from tests.running_stack import RunningStack

USERS = """
select users.id::text,
       (select count(*) from cqrs_event where aggregate_id = users.id and stage = 'CREATED'),
       (select count(*) from cqrs_event where aggregate_id = users.id and stage = 'SYNCHRONIZED'),
       exists (select from prm_user_login where user_id = users.id)
from prm_user users where users.seed = %s
"""
ORPHANED_EVENTS = """
select count(*) from cqrs_event where seed = %s and not exists (select from prm_user where id = aggregate_id)
"""
DEAD_LETTERS = "select count(*) from cqrs_dead_letter"


@dataclass(frozen=True)
class Ledger:
    """A run as the stores hold it."""

    users: dict[str, tuple[int, int, bool]]
    documents: list[str]
    orphaned_events: int
    dead_letters: int

    def synchronized(self) -> int:
        """How many users have their confirmation."""
        return sum(confirmed > 0 for _, confirmed, _ in self.users.values())


@contextmanager
def postgres(stack: RunningStack) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the stack's PostgreSQL, in autocommit."""
    with psycopg.connect(stack.env["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@contextmanager
def mongodb(stack: RunningStack) -> Iterator[Database[dict[str, Any]]]:
    """The stack's MongoDB database."""
    client: pymongo.MongoClient[dict[str, Any]]
    with pymongo.MongoClient(stack.env["MONGODB_URI"], uuidRepresentation="standard") as client:
        yield client[stack.env["MONGODB_DATABASE"]]


def read_ledger(stack: RunningStack, seed: str) -> Ledger:
    """Count a run in both stores."""
    with postgres(stack) as connection, mongodb(stack) as database:
        users = {row[0]: (row[1], row[2], row[3]) for row in connection.execute(USERS, [seed])}
        documents = [str(document["_id"]) for document in database.users.find({"seed": seed}, {"_id": 1})]
        orphaned = connection.execute(ORPHANED_EVENTS, [seed]).fetchone()
        letters = connection.execute(DEAD_LETTERS).fetchone()
    assert orphaned is not None
    assert letters is not None
    return Ledger(users=users, documents=documents, orphaned_events=orphaned[0], dead_letters=letters[0])


def assert_nothing_lost_nothing_doubled(stack: RunningStack, seed: str, accepted: set[str]) -> None:
    """Wait until the run is synchronised, then hold every promise about it against both stores."""
    stack.wait_until(
        lambda: read_ledger(stack, seed).synchronized() >= len(accepted), "every accepted user is synchronised", 60
    )

    ledger = read_ledger(stack, seed)

    assert set(ledger.users) == accepted, "exactly the accepted users are stored"
    assert set(ledger.users.values()) == {(1, 1, True)}, "each has one CREATED, one SYNCHRONIZED, and all its rows"
    assert sorted(ledger.documents) == sorted(accepted), "each has one document"
    assert ledger.orphaned_events == 0, "no event stands without its user"
    assert ledger.dead_letters == 0, "an outage is nobody's fault"
