"""Unsubscribing while MongoDB does not answer: it ends by its own deadlines, and what was not committed comes again."""

import threading

import pytest

from cqrs.broker import Broker, Timing
from cqrs.testing.waiting import wait_until
from tests.broker.handled import Handled, consumer_of, make_topic, no_thread_left, send
from tests.broker.test_consuming_through_faults import proxy, remote
from tests.project.store_proxy import StoreProxy

__all__ = ["proxy", "remote"]

# So long a call takes here that has no deadline of its own. Five seconds are promised for all of them; the bound only
# has to tell the two apart.
DRIVER_SECONDS = 300
SECONDS = 60


@pytest.fixture
def patient_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver gives no call up soon, neither for want of an answer nor for want of a server."""
    monkeypatch.setattr("cqrs.broker.mongodb.OPERATION_MS", DRIVER_SECONDS * 1000)


@pytest.mark.usefixtures("patient_driver")
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
        disconnecting = threading.Thread(target=remote.disconnect)
        disconnecting.start()
        disconnecting.join(SECONDS)
        has_ended = not disconnecting.is_alive()
        proxy.mend()
        disconnecting.join()

    consumer_of(broker).subscribe(again)
    again.wait_for(2)
    assert has_ended
    assert sorted(again.values) == ["a", "b"]
