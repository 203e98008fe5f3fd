"""One supervisord and its watcher, with programs that are quick to fail."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.stack.layout import Layout
from infra.stack.program import Program
from infra.stack.supervisor import APPLICATION, STORES, Supervisor
from tests.stack.leftovers import assert_none_left

STEADY = Program(name="steady", command=("sleep", "600"), priority=1, start_seconds=1)
FAILING = Program(name="failing", command=("sh", "-c", "echo the reason; exit 7"), priority=2, start_seconds=2)


@pytest.fixture
def layout(short_folder: Path) -> Iterator[Layout]:
    layout = Layout(short_folder)
    layout.create()
    yield layout
    for name in (APPLICATION, STORES):
        Supervisor(layout, name).stop()


def test_a_program_that_cannot_be_started_stops_everything_with_its_name_and_last_lines(layout: Layout) -> None:
    stores, application = Supervisor(layout, STORES), Supervisor(layout, APPLICATION)

    stores.start([STEADY], os.environ)
    application.start([STEADY, FAILING], os.environ)

    _wait_until(lambda: not stores.is_running() and not application.is_running())
    first, *rest = layout.failure.read_text().splitlines()
    assert first.startswith("failing keeps ending and cannot be started, so the stack stops")
    assert rest[-1].strip() == "the reason"
    assert_none_left(layout.root)


@pytest.mark.parametrize(
    ("ended", "left", "number"), [(APPLICATION, STORES, signal.SIGKILL), (STORES, APPLICATION, signal.SIGTERM)]
)
def test_a_supervisord_that_is_gone_takes_the_whole_stack_with_it(
    layout: Layout, ended: str, left: str, number: signal.Signals
) -> None:
    survivor, victim = Supervisor(layout, left), Supervisor(layout, ended)
    survivor.start([STEADY], os.environ)
    victim.start([STEADY], os.environ)

    # A program takes no signal in the moment between its fork and its exec.
    _wait_until(lambda: all(process.state == "RUNNING" for process in victim.processes()))
    os.kill(int((layout.run / f"{ended}.pid").read_text()), number)

    _wait_until(lambda: not survivor.is_running())
    assert layout.failure.read_text().startswith(f"supervisor-{ended} ended unasked")
    assert_none_left(layout.root)


def test_programs_stop_in_the_order_of_their_priorities(layout: Layout) -> None:
    order = layout.root / "order"
    runner = Supervisor(layout, APPLICATION)
    runner.start([_noting(name, priority, order) for name, priority in (("b", 2), ("c", 3), ("a", 1))], os.environ)
    _wait_until(lambda: len(list(layout.root.glob("ready-*"))) == 3)

    runner.stop()

    assert order.read_text().split() == ["c", "b", "a"]


def test_a_folder_with_percent_signs_and_spaces_is_a_folder_like_any_other(short_folder: Path) -> None:
    layout = Layout(short_folder / "100% of %(it)s")
    layout.create()
    runner = Supervisor(layout, APPLICATION)

    runner.start([STEADY], os.environ)

    assert [process.name for process in runner.processes()] == ["steady"]
    runner.stop()
    assert_none_left(layout.root)


def _noting(name: str, priority: int, order: Path) -> Program:
    script = f"trap 'echo {name} >>{order}; exit' TERM; touch {order.parent}/ready-{name}; while :; do sleep 0.1; done"
    return Program(name=name, command=("sh", "-c", script), priority=priority)


def _wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
