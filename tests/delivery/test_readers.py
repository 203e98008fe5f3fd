"""Who reads a topic is asked again soon, and not for each message."""

from typing import Any

from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from cqrs.broker import Broker, BrokerConfig
from cqrs.broker.store import Store
from cqrs.delivery.readers import Readers
from cqrs.testing.waiting import wait_until
from tests.delivery.tracked import TOPIC, subscribe


class Asked(CommandListener):
    """Counts the questions."""

    def __init__(self) -> None:
        self.times = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.times += event.command_name == "find"

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass


def test_many_messages_ask_together(broker: Broker, broker_config: BrokerConfig) -> None:
    subscribe(broker, "mailing")
    asked, readers = Asked(), Readers()

    with MongoClient[dict[str, Any]](broker_config.mongo_uri, event_listeners=[asked]) as client:
        store = Store(client, broker_config.database)
        found = {readers.of(TOPIC, store) for _ in range(2000)}

    assert found == {("mailing",)}
    assert asked.times < 1000


def test_who_subscribes_is_known_soon(broker: Broker, broker_config: BrokerConfig) -> None:
    readers = Readers()
    with MongoClient[dict[str, Any]](broker_config.mongo_uri) as client:
        store = Store(client, broker_config.database)
        before = readers.of(TOPIC, store)

        subscribe(broker, "mailing")

        wait_until(lambda: readers.of(TOPIC, store) == ("mailing",), "it is known")
    assert before == ()
