"""Whoever saves is killed anywhere: a record and its event are both there, or neither is."""

import os
from typing import Any

import pytest
from pymongo.database import Database

from cqrs.broker.abandoned import end_abandoned
from cqrs.outbox import Outbox, Relay
from cqrs.testing.drain import drain
from cqrs.testing.waiting import wait_until
from tests.broker.member_process import MemberProcess
from tests.outbox.destination import Destination
from tests.outbox.tickets import key_of

# Where a process is killed within its third save, and the version that the record has then.
SAVED = {"recorded": 2, "stored": 2, "committed": 3}


@pytest.mark.parametrize("place", SAVED)
def test_every_saved_version_has_its_event_and_no_other_one(
    place: str, database: Database[Any], outbox: Outbox, destination: Destination
) -> None:
    saver = MemberProcess("a", "tests.outbox.saver_process", [os.environ["MONGODB_URI"], database.name, place])
    try:
        saver.wait_for("in hand")
        saver.kill()
    finally:
        saver.close()
    if place != "committed":
        wait_until(lambda: end_abandoned(database.client), "what it has left open is ended")

    drain(Relay(outbox, destination, takes="fresh").step)

    (record,) = database["tickets"].find()
    assert record["version"] == SAVED[place]
    assert destination.sequences == {key_of("a"): list(range(1, SAVED[place] + 1))}
    assert outbox.queue.events.count_documents({}) == 0
