"""Schedulers that are killed whenever it may be, two at a time: the windows are what a recount gives."""

import pytest

from cqrs.broker import Broker, ConsumerRecord
from cqrs.delivery.ledger import Ledger
from tests.delivery.processes import Processes
from tests.delivery.recorded import numbers, recount, windows
from tests.delivery.tracked import consumer_of, received, send, subscribe
from tests.waiting import wait_until

EVENTS = 400
AT_ONCE = 20


class Refused(Exception):
    """What a handler that always fails raises."""


def refuse(_: ConsumerRecord) -> None:
    raise Refused


class Schedulers:
    """Two processes; `kill` ends one of them without warning and starts another in its place."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._running = [processes.schedule(), processes.schedule()]

    def kill(self) -> None:
        self._running.pop(0).kill()
        self._running.append(self._processes.schedule())


@pytest.fixture
def schedulers(processes: Processes) -> Schedulers:
    return Schedulers(processes)


def test_windows_are_right_whatever_is_killed(broker: Broker, ledger: Ledger, schedulers: Schedulers) -> None:
    subscribe(broker, "interrupted")
    consumer_of(broker, "steady").subscribe(lambda _: None)
    consumer_of(broker, "failing", max_retries=1).subscribe(refuse)
    interrupted = consumer_of(broker, "interrupted")
    interrupted.subscribe(lambda _: None)

    for first in range(0, EVENTS, AT_ONCE):
        send(broker, *(f"event-{first + index}" for index in range(AT_ONCE)))
        if first % 100 == 0:
            before = len(windows(ledger))
            wait_until(lambda before=before: len(windows(ledger)) > before, "a window is counted")  # type: ignore[misc]
            schedulers.kill()
        if first == EVENTS // 2:
            interrupted.unsubscribe()
    again = consumer_of(broker, "interrupted")
    again.subscribe(lambda _: None)
    wait_until(lambda: len(received(ledger)) == 2 * EVENTS, "both have received everything", 60)

    wait_until(lambda: numbers(ledger) == recount(ledger), "the windows are what a recount gives", 60)
    counted = numbers(ledger).values()
    assert [sum(column) for column in zip(*counted, strict=True)] == [EVENTS, 0, 3 * EVENTS, 2 * EVENTS]
