"""A projector killed at each step of a batch: the stores themselves hold it there until the kill."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import pytest

from tests.faults.ledger import assert_nothing_lost_nothing_doubled, mongodb, postgres
from tests.faults.population import Population
from tests.running_stack import RunningStack

PROJECTOR = "users-projector"

PROJECTOR_WAITS = """
select count(*) from pg_stat_activity
where application_name = 'cqrs projector-1' and wait_event_type = 'Lock' and state = 'active'
"""
CONFIRM_FIRST = """
insert into cqrs_event
    (event_id, aggregate_type, aggregate_id, confirms, stage, name, bucket, app_id, recorded_at, data)
select gen_random_uuid(), 'user', id, 1, 'SYNCHRONIZED', 'users.user_synchronized.v1',
       get_byte(sha256(id::text::bytea), 0), 'intruder', clock_timestamp(), '{}'
from prm_user where seed = %s
"""
LOCK_CHECKPOINTS = "select 1 from cqrs_checkpoint where subscription = 'users' for update"

Hold = Callable[[RunningStack, str], AbstractContextManager[Callable[[], bool]]]


@contextmanager
def before_the_documents(stack: RunningStack, _: str) -> Iterator[Callable[[], bool]]:
    """MongoDB takes no writes: the projector waits within its bulk write."""
    with mongodb(stack) as database:
        admin = database.client.admin
        admin.command("fsync", lock=True)
        try:
            yield lambda: any(operation.get("waitingForLock") for operation in admin.aggregate([{"$currentOp": {}}]))
        finally:
            admin.command("fsyncUnlock")


@contextmanager
def before_the_confirmations(stack: RunningStack, seed: str) -> Iterator[Callable[[], bool]]:
    """Somebody else is about to confirm the same versions: the projector waits for how that ends. It is undone."""
    with _blocked_by(stack, CONFIRM_FIRST, [seed]) as reached:
        yield reached


@contextmanager
def before_the_checkpoint(stack: RunningStack, _: str) -> Iterator[Callable[[], bool]]:
    """The checkpoints are locked: documents and confirmations are written, the commit is still to come."""
    with _blocked_by(stack, LOCK_CHECKPOINTS, []) as reached:
        yield reached


@pytest.mark.parametrize("hold", [before_the_documents, before_the_confirmations, before_the_checkpoint])
def test_a_projector_killed_at_a_step_leaves_nothing_half_done(stack: RunningStack, hold: Hold) -> None:
    seed = hold.__name__
    old = stack.kill(PROJECTOR, signal.SIGSTOP)
    with Population(stack.base_url, seed, 50) as population:
        pass

    with hold(stack, seed) as reached:
        stack.kill(PROJECTOR, signal.SIGCONT)
        stack.wait_until(reached, "the projector stands at the step")
        stack.kill(PROJECTOR)
        stack.wait_until_restarted(PROJECTOR, old)

    stack.wait_until_healthy()
    assert_nothing_lost_nothing_doubled(stack, seed, set(population.accepted.values()))


@contextmanager
def _blocked_by(stack: RunningStack, statement: str, parameters: list[str]) -> Iterator[Callable[[], bool]]:
    with psycopg.connect(stack.env["DATABASE_URL"]) as intruder, postgres(stack) as observer:
        intruder.execute(statement, parameters)
        yield lambda: _projector_waits(observer)
        intruder.rollback()


def _projector_waits(observer: psycopg.Connection[Any]) -> bool:
    row = observer.execute(PROJECTOR_WAITS).fetchone()
    return row is not None and row[0] > 0
