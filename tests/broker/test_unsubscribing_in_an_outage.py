"""Unsubscribing while MongoDB does not answer: it ends soon, and what was not committed is handled again."""

import time

import pytest

from cqrs.broker import Broker, Timing
from cqrs.testing.waiting import wait_until
from tests.broker.handled import Handled, consumer_of, make_topic, no_thread_left, send
from tests.broker.test_consuming_through_faults import proxy, remote
from tests.project.store_proxy import StoreProxy

__all__ = ["proxy", "remote"]

# Five are promised; the rest is for a busy machine.
SECONDS = 8


@pytest.mark.parametrize("fault", ["cut", "silence"])
def test_it_ends_within_its_deadline_and_the_rest_is_handled_again(
    broker: Broker, remote: Broker, proxy: StoreProxy, fault: str
) -> None:
    make_topic(broker, partitions=2)
    handled, again = Handled(), Handled()
    consumers = [consumer_of(remote, timing=Timing()) for _ in range(2)]

    with no_thread_left():
        for consumer in consumers:
            consumer.subscribe(handled)
        wait_until(lambda: all(len(consumer.offset_info()) == 1 for consumer in consumers), "each has its share")
        send(broker, ["a", "b"])
        handled.wait_for(2)
        getattr(proxy, fault)()
        began = time.monotonic()
        remote.disconnect()
        took = time.monotonic() - began

    consumer_of(broker).subscribe(again)
    again.wait_for(2)
    assert took < SECONDS
    assert sorted(again.values) == ["a", "b"]
