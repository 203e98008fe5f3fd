"""A handler that refuses some things, and leaves a trace in PostgreSQL of what it did not refuse."""

from collections.abc import Callable, Sequence
from uuid import UUID

from django.db import connection

from cqrs.messages import Recorded
from tests.eventlog.things import Place, place_of

CREATE = "drop table if exists test_effect; create table test_effect (n serial, thing uuid, version bigint)"
DROP = "drop table test_effect"
ADD = "insert into test_effect (thing, version) values (%s, %s)"
READ = "select thing, version from test_effect order by n"


class Refused(Exception):
    """What the handler says of a poisonous event."""


class Poisoned:
    """Takes events one by one, and raises `error` at one of a thing in `poison`, after its trace is written."""

    def __init__(self, *poison: UUID, error: Callable[[], BaseException] = lambda: Refused("poison")) -> None:
        self.poison = set(poison)
        self.error = error
        self.attempts = 0

    def __call__(self, events: Sequence[Recorded]) -> None:
        self.attempts += 1
        with connection.cursor() as cursor:
            for event in events:
                cursor.execute(ADD, list(place_of(event)))
                if event.aggregate_id in self.poison:
                    raise self.error()


def effects() -> list[Place]:
    """The events whose handling was not rolled back, in the order in which they were handled."""
    with connection.cursor() as cursor:
        cursor.execute(READ)
        return [(thing, version) for thing, version in cursor.fetchall()]
