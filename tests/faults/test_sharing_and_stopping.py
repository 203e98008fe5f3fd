"""Several projectors share the work; a frozen one is replaced; a stopping process finishes what it has begun."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from infra.stack.layout import REPOSITORY
from tests.faults.ledger import assert_nothing_lost_nothing_doubled, mongodb, postgres, read_ledger
from tests.faults.population import Population
from tests.running_stack import RunningStack

PROJECTOR = "users-projector"
CONFIRMED_BY = "select distinct app_id from cqrs_event where seed = %s and stage = 'SYNCHRONIZED' order by app_id"


@contextmanager
def second_projector(stack: RunningStack) -> Iterator[subprocess.Popen[bytes]]:
    """Another projector on the same stores, outside the stack's process runner; it is at work."""
    environment = {**stack.variables, **stack.env, "APPID": "projector-2"}
    environment.pop("METRICS_PORT", None)
    command = [sys.executable, "manage.py", "run_worker", PROJECTOR]
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        assert any(b"worker started" in line for line in process.stderr)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def confirmed_by(stack: RunningStack, seed: str) -> list[str]:
    """The instances that noted the synchronisation of a run."""
    with postgres(stack) as connection:
        return [row[0] for row in connection.execute(CONFIRMED_BY, [seed])]


def test_two_projectors_share_the_work_and_double_nothing(stack: RunningStack) -> None:
    seed = "two-projectors"

    with second_projector(stack), Population(stack.base_url, seed, 1500) as population:
        pass

    assert_nothing_lost_nothing_doubled(stack, seed, set(population.accepted.values()))
    assert confirmed_by(stack, seed) == ["projector-1", "projector-2"]


def test_a_frozen_projector_is_ended_by_the_server_and_its_late_writes_are_harmless(stack: RunningStack) -> None:
    seed = "frozen"

    with second_projector(stack):
        with mongodb(stack) as database, Population(stack.base_url, seed, 300) as population:
            population.wait_for(100)
            database.client.admin.command("fsync", lock=True)
            stack.wait_until(lambda: _waits_within_a_batch(stack), "the projector is within a batch")
            stack.kill(PROJECTOR, signal.SIGSTOP)
            database.client.admin.command("fsyncUnlock")
        # Without the server's limit the frozen one would hold its shard, and some users would wait for ever.
        assert_nothing_lost_nothing_doubled(stack, seed, set(population.accepted.values()))
        stack.kill(PROJECTOR, signal.SIGCONT)

    stack.wait_until_healthy()
    assert_nothing_lost_nothing_doubled(stack, seed, set(population.accepted.values()))


def test_a_projector_that_is_told_to_stop_drains_and_exits_with_success(stack: RunningStack) -> None:
    seed = "drain"
    with second_projector(stack) as process, Population(stack.base_url, seed, 400) as population:
        population.wait_for(150)
        process.send_signal(signal.SIGTERM)
        status = process.wait(timeout=60)

    assert status == 0
    assert_nothing_lost_nothing_doubled(stack, seed, set(population.accepted.values()))


def test_a_replica_that_is_told_to_stop_answers_what_it_has_taken(stack: RunningStack) -> None:
    seed = "graceful"

    with Population(stack.base_url, seed, 600) as population:
        population.wait_for(200)
        old = stack.kill("instance-3", signal.SIGTERM)
        stack.wait_until_restarted("instance-3", old)

    stack.wait_until_healthy()
    assert not _runs(old)
    assert_nothing_lost_nothing_doubled(stack, seed, set(population.accepted.values()))


def test_an_unfinished_run_is_whole_for_every_user_that_is_there(stack: RunningStack) -> None:
    seed = "half-way"
    with Population(stack.base_url, seed, 300) as population:
        population.wait_for(100)
        ledger = read_ledger(stack, seed)

    assert all(created == 1 and has_login for created, _, has_login in ledger.users.values())
    assert_nothing_lost_nothing_doubled(stack, seed, set(population.accepted.values()))


def _waits_within_a_batch(stack: RunningStack) -> bool:
    statement = "select 1 from pg_stat_activity where application_name = 'cqrs projector-1' and state = %s"
    with postgres(stack) as connection:
        return connection.execute(statement, ["idle in transaction"]).fetchone() is not None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
