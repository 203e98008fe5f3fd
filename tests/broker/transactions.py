"""How many transactions the MongoDB of the tests has ended so far."""

from cqrs.broker import Broker


def committed_transactions(broker: Broker) -> int:
    return int(broker.store.client.admin.command("serverStatus")["transactions"]["totalCommitted"])


def aborts(broker: Broker) -> int:
    """Count the commands, not the transactions: what a killed process of another test left is aborted at any time."""
    return int(broker.store.client.admin.command("serverStatus")["metrics"]["commands"]["abortTransaction"]["total"])
