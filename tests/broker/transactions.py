"""The transactions of the MongoDB of the tests: how many it has ended, and ending those of killed processes."""

from cqrs.broker import Broker
from cqrs.broker.abandoned import end_abandoned
from cqrs.testing.waiting import wait_until

SECONDS = 60


def committed_transactions(broker: Broker) -> int:
    return int(broker.store.client.admin.command("serverStatus")["transactions"]["totalCommitted"])


def aborts(broker: Broker) -> int:
    """Count the commands, not the transactions: what a killed process of another test left is aborted at any time."""
    return int(broker.store.client.admin.command("serverStatus")["metrics"]["commands"]["abortTransaction"]["total"])


def end_transactions(broker: Broker) -> None:
    """End what the killed have left open: dropping the database would wait for it for more than a minute."""

    def none_is_open() -> bool:
        end_abandoned(broker.store.client)
        status = broker.store.client.admin.command("serverStatus")
        return bool(status["transactions"]["currentOpen"] == 0)

    wait_until(none_is_open, "no transaction is open", seconds=SECONDS)
