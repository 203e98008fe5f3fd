"""MongoDB is killed and started again under those that relay: everything arrives, in order."""

from typing import Any

from cqrs.outbox import Outbox
from cqrs.testing.waiting import wait_until
from tests.changefeed.forgetful_mongodb import forgetful_mongodb
from tests.outbox.destination import Destination
from tests.outbox.processes import relay_processes
from tests.outbox.tickets import SHORT_LEASES, Tickets, key_of

SECONDS = 60


def test_relays_and_retry_jobs_outlive_a_killed_mongod() -> None:
    with forgetful_mongodb() as mongodb, relay_processes(mongodb.uri, "tickets") as start:
        database: Any = mongodb.client["tickets"]
        outbox = Outbox(database, settings=SHORT_LEASES)
        outbox.prepare()
        tickets, destination = Tickets(outbox), Destination(database)
        tickets.save_many(tickets=20, versions=50)
        processes = [start("relay"), start("retry", takes="overdue")]
        wait_until(lambda: destination.number, "they work", seconds=SECONDS)

        mongodb.kill()
        mongodb.start()

        wait_until(lambda: tickets.are_published, "all events are published", seconds=SECONDS)
        assert destination.first_sequences == {key_of(str(ticket)): list(range(1, 51)) for ticket in range(20)}
        assert [process.leave() for process in processes] == [0, 0]
