"""What people are to be told survives whoever stored it, and is told once by whoever is left."""

import pytest

from cqrs.delivery.ledger import NOTICES, Ledger
from tests.delivery.processes import Processes
from tests.delivery.recorded import Recorder, numbers, recount
from tests.waiting import wait_until

BELOW, RECOVERED = "completion rate below threshold", "completion rate recovered"


def told(processes: Processes) -> list[str]:
    return [line["message"] for line in processes.logged() if line["message"] in {BELOW, RECOVERED}]


@pytest.mark.parametrize(
    "held_at",
    [
        pytest.param("commitTransaction", id="before it is stored"),
        pytest.param(f"findAndModify:{NOTICES}", id="between storing and telling"),
    ],
)
def test_a_kill_loses_no_alarm_and_doubles_none(processes: Processes, ledger: Ledger, held_at: str) -> None:
    recorder = Recorder(ledger)
    recorder.publish("1", to=("mailing",))
    recorder.publish("2", to=("mailing",), later=0.5)
    held = processes.schedule(held_at=held_at)
    held.wait_for("in the middle")
    held.kill()
    assert told(processes) == []

    for _ in range(2):
        processes.schedule()
    wait_until(lambda: len(told(processes)) == 2, "both windows are told of", 60)
    recorder.receive("1", by=("mailing",))
    recorder.receive("2", by=("mailing",), later=0.5)
    wait_until(lambda: numbers(ledger) == recount(ledger), "the windows are what a recount gives", 60)
    wait_until(lambda: ledger.collection(NOTICES).count_documents({"told": False}) == 0, "all is told", 60)

    assert sorted(told(processes)) == [BELOW, BELOW, RECOVERED]
