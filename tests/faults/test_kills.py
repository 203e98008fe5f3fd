"""Whatever is killed under load: nothing that was acknowledged is lost or doubled."""

import signal

import pytest

from tests.faults.ledger import assert_nothing_lost_nothing_doubled
from tests.faults.population import Population
from tests.running_stack import RunningStack


@pytest.mark.parametrize(
    ("name", "times"), [("users-projector", 4), ("instance-2", 3), ("mongodb", 2), ("postgres", 2), ("nginx", 1)]
)
def test_a_process_killed_under_load_costs_no_user(stack: RunningStack, name: str, times: int) -> None:
    seed = f"kill-{name}"
    part = 200

    with Population(stack.base_url, seed, part * (times + 2), limit=0) as population:
        for number in range(times):
            # As many again are being sent when it is killed, and meet it as it comes back.
            population.send_up_to(part * (number + 2))
            population.wait_for(part * number + part // 2)
            old = stack.kill(name)
            stack.wait_until_restarted(name, old, 30)

    stack.wait_until_healthy()
    assert_nothing_lost_nothing_doubled(stack, seed, set(population.accepted.values()))
    assert population.contradictions == []


def test_a_store_that_hangs_for_seconds_makes_no_dead_letter(stack: RunningStack) -> None:
    seed = "hang-mongodb"

    with Population(stack.base_url, seed, 400) as population:
        population.wait_for(100)
        pid = stack.kill("mongodb", signal.SIGSTOP)
        population.wait_for(400)
        stack.wait_until(lambda: '"store":"mongodb"' in stack.log("users-projector"), "the projector backs off")
        stack.kill("mongodb", signal.SIGCONT)

    assert stack.pid("mongodb") == pid
    stack.wait_until_healthy()
    assert_nothing_lost_nothing_doubled(stack, seed, set(population.accepted.values()))
