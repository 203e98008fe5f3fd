"""The classroom's consumer within a test."""

from collections.abc import Iterator
from contextlib import contextmanager

from cqrs.broker import Broker, lag
from cqrs.testing.waiting import wait_until
from cqrs_project.consuming import Consuming
from services.classroom.broker_client.consumers import classroom_consumer
from services.classroom.classroom import classroom

GROUP, TOPIC, PARTITIONS = classroom_consumer.group_id, classroom_consumer.topic, 3


@contextmanager
def enrolling(broker: Broker) -> Iterator[Consuming]:
    """Enrol until the block ends, as the worker does, through a broker of its own on the same database."""
    consuming = Consuming(Broker(broker.config), classroom_consumer, classroom().enrol)
    consuming.step()
    try:
        yield consuming
    finally:
        consuming.close()


def wait_until_caught_up(broker: Broker) -> None:
    """Return when the group has handled all that there is. Raises AssertionError where that takes long."""
    wait_until(lambda: _is_caught_up(broker), "the group has handled everything")


def _is_caught_up(broker: Broker) -> bool:
    measured = lag.measure(broker.store, group=GROUP, topic=TOPIC)
    return len(measured) == PARTITIONS and not any(partition.lag for partition in measured.values())
