"""Processes that die are started again, or the stack stops; either can be seen, and neither leaves it half up."""

import os

import pytest

from infra.stack.stores import ADDRESS_VARIABLES
from tests.running_stack import RunningStack, running_stack
from tests.stack.leftovers import assert_none_left


@pytest.mark.parametrize("name", ["instance-2", "nginx", "users-projector", "nats"])
def test_a_killed_process_is_started_again_and_the_stack_is_healthy(stack: RunningStack, name: str) -> None:
    stack.wait_until(lambda: stack.processes()[name].state == "RUNNING", f"{name} runs for a while")
    old = stack.kill(name)
    new = stack.wait_until_restarted(name, old)
    stack.wait_until_healthy()
    assert new != old
    line = f"{name} (process {old}) ended unasked and is started again"
    stack.wait_until(lambda: line in stack.output.read_text(), f"`make run` prints: {line}")


def test_run_ends_with_the_name_and_last_lines_of_a_program_that_cannot_be_started_again() -> None:
    external = {variable: os.environ[variable] for variable in ADDRESS_VARIABLES}
    with running_stack(**external, MONGODB_DATABASE="cqrs_supervision") as stack:
        (stack.layout.run / "nginx.conf").write_text("no_such_directive;")

        stack.kill("nginx")
        status = stack.run.wait(60)

        printed = stack.output.read_text()
        assert status == 1
        assert "nginx keeps ending and cannot be started, so the stack stops; the end of " in printed
        assert 'unknown directive "no_such_directive"' in printed
        assert_none_left(stack.layout.root)
