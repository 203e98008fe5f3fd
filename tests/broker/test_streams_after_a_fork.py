"""A process that was forked at any moment has streams of its own."""

import threading

from cqrs.broker import Broker
from cqrs.broker.one_stream import SharedStream, SharedStreams
from tests.broker.forked import in_a_fork
from tests.broker.handled import Handled, consumer_of, make_topic, send

SECONDS = 60


class Held(SharedStream[str]):
    """A stream that takes on nobody before it is told to."""

    def __init__(self) -> None:
        super().__init__("held", stop_seconds=1.0)
        self.is_joined = threading.Event()
        self.may_go_on = threading.Event()

    def take_on(self, hearer: str) -> None:
        self.is_joined.set()
        assert self.may_go_on.wait(SECONDS), hearer

    def let_go(self, hearer: str) -> bool:
        return bool(hearer)

    def follow(self) -> None:
        self.note_working()

    def note_broken(self, error: Exception, *, is_first: bool) -> None:
        raise AssertionError(is_first) from error

    def note_mended(self) -> None:
        pass


def test_a_child_forked_while_a_stream_is_joined_can_join_its_own(broker: Broker) -> None:
    streams: SharedStreams[str] = SharedStreams()
    database, held = broker.store.database, Held()
    joining = threading.Thread(target=streams.join, args=(database, "parent", lambda: held))
    joining.start()
    assert held.is_joined.wait(SECONDS)

    def join() -> bool:
        own = Held()
        own.may_go_on.set()
        joined = threading.Thread(target=streams.join, args=(database, "child", lambda: own), daemon=True)
        joined.start()
        joined.join(SECONDS)
        return own.is_joined.is_set() and not joined.is_alive()

    is_joined = in_a_fork(join)
    held.may_go_on.set()
    joining.join()
    streams.leave(database, "parent")

    assert is_joined


def test_a_child_of_a_process_that_consumes_can_consume(broker: Broker) -> None:
    make_topic(broker)
    handled = Handled()
    consumer = consumer_of(broker)
    consumer.subscribe(handled)
    send(broker, ["parent"])
    handled.wait_for(1)
    consumer.unsubscribe()

    def consume() -> list[object]:
        of_child = Handled()
        own = consumer_of(broker)
        own.subscribe(of_child)
        send(broker, ["child"])
        of_child.wait_for(1)
        own.unsubscribe()
        return of_child.values

    assert in_a_fork(consume) == ["child"]
