"""Processes that die are started again, or the stack stops; either can be seen, and neither leaves it half up."""

import os
from pathlib import Path

import pytest

from infra.stack.stores import ADDRESS_VARIABLES
from tests.running_stack import RunningStack, running_stack
from tests.stack.leftovers import assert_none_left


@pytest.mark.parametrize("name", ["instance-2", "nginx", "users-projector", "classroom", "nats"])
def test_a_killed_process_is_started_again_and_the_stack_is_healthy(stack: RunningStack, name: str) -> None:
    stack.wait_until(lambda: stack.processes()[name].state == "RUNNING", f"{name} runs for a while")
    old = stack.kill(name)
    new = stack.wait_until_restarted(name, old)
    stack.wait_until_healthy()
    assert new != old
    line = f"{name} (process {old}) ended unasked and is started again"
    stack.wait_until(lambda: line in stack.output.read_text(), f"`make run` prints: {line}")


def test_nginx_killed_right_after_its_start_leaves_no_worker_behind_that_keeps_the_port(stack: RunningStack) -> None:
    killed = stack.kill("nginx")
    stack.wait_until(lambda: stack.pid("nginx") not in {0, killed}, "nginx is started again")
    stack.wait_until(lambda: stack.status_of("/livez") == 200, "it has a worker")
    workers = children_of(stack.pid("nginx"))

    again = stack.kill("nginx")

    stack.wait_until_restarted("nginx", again)
    stack.wait_until_healthy()
    assert workers
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_run_ends_with_the_name_and_last_lines_of_a_program_that_cannot_be_started_again() -> None:
    external = {variable: os.environ[variable] for variable in ADDRESS_VARIABLES}
    with running_stack(
        **external,
        MONGODB_DATABASE="cqrs_supervision",
        MONGODB_BROKER_DATABASE="broker_supervision",
        CHANGE_FEEDS_DATABASE="feeds_supervision",
    ) as stack:
        (stack.layout.run / "nginx.conf").write_text("no_such_directive;")
        workers = children_of(stack.pid("nginx"))

        stack.kill("nginx")
        status = stack.run.wait(240)

        printed = stack.output.read_text()
        assert status == 1
        assert "nginx keeps ending and cannot be started, so the stack stops; the end of " in printed
        assert 'unknown directive "no_such_directive"' in printed
        assert_none_left(stack.layout.root)
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


@pytest.mark.parametrize("name", ["users-publisher", "delivery-scheduler", "delivery-demo"])
def test_who_is_waited_for_by_nobody_takes_what_the_others_leave(stack: RunningStack, name: str) -> None:
    niceness = os.getpriority(os.PRIO_PROCESS, stack.pid(name))

    assert niceness > os.getpriority(os.PRIO_PROCESS, stack.pid("instance-1"))
