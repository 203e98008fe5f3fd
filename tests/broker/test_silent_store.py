"""A MongoDB that accepts connections and never answers: whatever is asked ends with Unavailable."""

from collections.abc import Callable

import pytest

from cqrs.broker import Broker, BrokerConfig, Message, define_broker, define_producer
from cqrs.broker import dead_letters as letters
from cqrs.errors import Unavailable
from tests.broker.handled import GROUP, TOPIC, consumer_of, make_topic
from tests.broker.test_consuming_through_faults import proxy
from tests.project.store_proxy import StoreProxy

__all__ = ["proxy"]

ASKS: dict[str, Callable[[Broker], object]] = {
    "topics": lambda broker: broker.topics.all(),
    "letters": lambda broker: letters.retry(broker.store, group=GROUP, topic=TOPIC),
    "lag": lambda broker: consumer_of(broker).lag(),
    "sending": lambda broker: broker.create_producer(define_producer(topic=TOPIC)).send(Message(value=1)),
}


@pytest.mark.parametrize("ask", ASKS)
def test_it_is_unavailable(
    broker: Broker, broker_config: BrokerConfig, proxy: StoreProxy, ask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cqrs.broker.mongodb.OPERATION_MS", 500)
    uri = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true"
    make_topic(broker)
    with Broker(define_broker(mongo_uri=uri, database=broker_config.database)) as remote:
        proxy.silence()

        with pytest.raises(Unavailable):
            ASKS[ask](remote)

        proxy.mend()
