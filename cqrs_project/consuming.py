"""A consumer of the broker as the work of a worker."""

import time
from collections.abc import Callable, Sequence

import pymongo
from pymongo.client_session import ClientSession

from cqrs.broker import Broker, ConsumerConfig, ConsumerRecord
from cqrs.web.metrics import Readings, register_gauge

Handler = Callable[[ConsumerRecord, ClientSession], None]
BatchHandler = Callable[[Sequence[ConsumerRecord], ClientSession], None]

# Whoever scrapes waits ten seconds at most, and wants the other metrics.
PATIENCE = 2.0


class Consuming:
    """Has the records of a topic handled in the transaction that moves the group's position behind them.

    That is one at a time, or with `batch` as many of a partition as there are, up to the consumer's `batch_size`.

    The consumer works in threads of its own. What is left to the worker is to subscribe it as soon as the broker can
    be reached, and to take it out of its group in the end.
    """

    def __init__(
        self, broker: Broker, config: ConsumerConfig, handler: Handler | BatchHandler, *, batch: bool = False
    ) -> None:
        self._broker = broker
        self._consumer = broker.create_consumer(config)
        self._handler = handler
        self._batch = batch

    def step(self) -> bool:
        """Subscribe, unless that is done. Raises Unavailable."""
        if not self._consumer.is_subscribed:
            self._broker.connect()
            self._consumer.subscribe(self._handler, batch=self._batch, transactional=True)
        return False

    def wait(self, seconds: float) -> None:
        """Let the consumer's threads work."""
        time.sleep(seconds)

    def close(self) -> None:
        """Finish what is in hand and leave the group."""
        self._broker.disconnect()

    def lag(self) -> Readings:
        """Return by group, topic and partition how many messages the group has not handled. Raises Unavailable."""
        config = self._consumer.config
        with pymongo.timeout(PATIENCE):
            partitions = self._consumer.lag()
        return {(config.group_id, config.topic, str(number)): known.lag for number, known in partitions.items()}


def register_consumer_lag(*consuming: Consuming) -> None:
    """Measure at each scrape how far the groups are behind. Raises ValueError where that is registered already."""
    register_gauge(
        "cqrs_consumer_lag_messages",
        "Messages that the group has not handled yet.",
        lambda: {labels: lag for one in consuming for labels, lag in one.lag().items()},
        labels=("group", "topic", "partition"),
    )
