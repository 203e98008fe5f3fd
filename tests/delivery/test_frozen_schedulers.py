"""A scheduler that freezes while it counts holds up nobody, and overwrites nothing when it goes on."""

from itertools import pairwise

from cqrs.delivery.ledger import PUBLISH_PAGES, Ledger
from tests.delivery.processes import Processes
from tests.delivery.recorded import Recorder, numbers, recount
from tests.waiting import wait_until

EVENTS = ("1", "2", "3", "4")


def test_one_that_freezes_while_it_counts_is_overtaken(processes: Processes, ledger: Ledger) -> None:
    recorder = Recorder(ledger)
    for number, event in enumerate(EVENTS):
        recorder.publish(event, to=("mailing",), later=number * 0.5)
    frozen = processes.schedule(held_at=f"find:{PUBLISH_PAGES}")
    frozen.wait_for("in the middle")

    processes.schedule()
    wait_until(lambda: numbers(ledger) == recount(ledger), "the other one counts", 60)
    for number, event in enumerate(EVENTS):
        recorder.receive(event, by=("mailing",), later=number * 0.5)
    wait_until(lambda: numbers(ledger) == recount(ledger), "the other one revises", 60)
    frozen.thaw()
    assert frozen.leave() == 0

    assert numbers(ledger) == recount(ledger)
    logged = processes.windows_logged()
    assert all(end == start for (_, end), (start, _) in pairwise(logged))
