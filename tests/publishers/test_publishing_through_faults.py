"""Whatever happens to NATS meanwhile: what was published is in the stream, each event once, each thing's in order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cqrs.publishers.publisher import Published, Withheld
from cqrs.testing.waiting import wait_until
from tests.publishers.conftest import NewPublisher, settings_of
from tests.publishers.heard import event_of
from tests.publishers.lost_acknowledgements import LostAcknowledgements
from tests.publishers.nats_server import HOST, NatsServer
from tests.publishers.steady_publishing import THINGS, SteadyPublishing
from tests.publishers.stream_view import StreamView


@pytest.fixture
def proxy(server: NatsServer) -> Iterator[LostAcknowledgements]:
    """What the publisher under test reaches NATS through."""
    with LostAcknowledgements(HOST, server.port) as proxy:
        yield proxy


def test_nats_is_killed_again_and_again(server: NatsServer, own_view: StreamView, new_publisher: NewPublisher) -> None:
    with SteadyPublishing(new_publisher(settings_of(server.url, "t")), "t") as publishing:
        for _ in range(3):
            go_on(publishing)
            server.kill()
            wait_until_it_fails(publishing)
            server.start().wait_until_ready()
        go_on(publishing)
        publishing.stop()

    publishing.require_each_once_in_order(own_view.messages("t"))


def test_nats_is_frozen_for_a_while(server: NatsServer, own_view: StreamView, new_publisher: NewPublisher) -> None:
    settings = settings_of(server.url, "t", ack_seconds=0.5)

    with SteadyPublishing(new_publisher(settings), "t") as publishing:
        go_on(publishing)
        server.freeze()
        wait_until_it_fails(publishing)
        server.thaw()
        go_on(publishing)
        publishing.stop()

    publishing.require_each_once_in_order(own_view.messages("t"))


def test_nats_comes_later_than_its_publisher(tmp_path: Path, new_publisher: NewPublisher) -> None:
    server = NatsServer(tmp_path / "nats")

    try:
        with SteadyPublishing(new_publisher(settings_of(server.url, "t")), "t") as publishing:
            wait_until_it_fails(publishing)
            server.start()
            go_on(publishing)
            publishing.stop()
    finally:
        server.stop()

    assert publishing.done > 1


@pytest.mark.parametrize("then_cut", [True, False], ids=["with the connection", "alone"])
def test_acknowledgements_are_lost(
    server: NatsServer,
    own_view: StreamView,
    proxy: LostAcknowledgements,
    new_publisher: NewPublisher,
    then_cut: bool,
) -> None:
    settings = settings_of(f"nats://{HOST}:{proxy.port}", "t", ack_seconds=0.5)

    with SteadyPublishing(new_publisher(settings), "t") as publishing:
        go_on(publishing)
        proxy.lose(every=5, then_cut=then_cut)
        wait_until(lambda: proxy.lost >= 4, "acknowledgements are lost", seconds=60)
        proxy.lose(every=0, then_cut=False)
        go_on(publishing)
        publishing.stop()

    assert publishing.repeated > 0
    publishing.require_each_once_in_order(own_view.messages("t"))


@pytest.mark.parametrize("limit", [{"max_messages": 50 * THINGS}, {"max_bytes": 300_000}], ids=["messages", "bytes"])
def test_the_stream_is_full_for_a_while(
    server: NatsServer, own_view: StreamView, new_publisher: NewPublisher, limit: dict[str, int]
) -> None:
    with SteadyPublishing(new_publisher(settings_of(server.url, "t", **limit)), "t") as publishing:
        wait_until_it_fails(publishing, outages=3)
        held = own_view.messages("t")
        own_view.ask("STREAM.UPDATE.t", {**own_view.ask("STREAM.INFO.t")["config"], "max_msgs": -1, "max_bytes": -1})
        go_on(publishing)
        publishing.stop()

    assert len(held) > THINGS
    publishing.require_each_once_in_order(own_view.messages("t"))


def go_on(publishing: SteadyPublishing, calls: int = 10) -> None:
    """Return when so many more calls were taken."""
    since = publishing.done
    wait_until(lambda: publishing.done >= since + calls, "events are published", seconds=60)


def wait_until_it_fails(publishing: SteadyPublishing, outages: int = 1) -> None:
    since = publishing.outages
    wait_until(lambda: publishing.outages >= since + outages, "publishing fails", seconds=60)


def test_what_was_acknowledged_before_an_outage_is_known(
    server: NatsServer, own_view: StreamView, proxy: LostAcknowledgements, new_publisher: NewPublisher
) -> None:
    publisher = new_publisher(settings_of(f"nats://{HOST}:{proxy.port}", "t", ack_seconds=0.5))
    things = [event_of("t", "a", sequence) for sequence in (1, 2, 3)]
    proxy.lose(every=2, then_cut=False)

    outcomes = publisher.publish(things)
    proxy.lose(every=0, then_cut=False)
    again = publisher.publish(things[1:])

    assert outcomes == [Published(), Withheld(), Withheld()]
    assert again == [Published(duplicate=True), Published()]
    assert [message.headers["Event-Sequence"] for message in own_view.messages("t")] == ["1", "2", "3"]
