"""Through a real stream to orders, with relays and retry jobs that are killed and many, and a NATS that fails them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cqrs.testing.waiting import wait_until
from tests.publishers.lost_acknowledgements import LostAcknowledgements
from tests.publishers.nats_server import HOST, NatsServer
from tests.services.tickets.way_to_orders import HANGS, SECONDS, WayToOrders, rounds, way_to_orders


@pytest.fixture
def way() -> Iterator[WayToOrders]:
    """The way on the session's stores."""
    with way_to_orders(os.environ["MONGODB_URI"], os.environ["NATS_URL"]) as way:
        yield way


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[NatsServer]]:
    """Three nodes at work."""
    nodes = [NatsServer(tmp_path / name, name=name) for name in ("a", "b", "c")]
    for node in nodes:
        node.routes = [other.route_port for other in nodes]
        node.start()
    for node in nodes:
        node.wait_until_ready()
    yield nodes
    for node in nodes:
        node.stop()


@pytest.mark.parametrize("place", ["claimed", "published", "deleted"])
@pytest.mark.parametrize("takes", ["fresh", "overdue"])
def test_what_a_killed_process_had_in_hand_reaches_orders_once(way: WayToOrders, takes: str, place: str) -> None:
    versions = rounds(tickets=3, versions=6)
    killed = way.start("killed", takes=takes, mode=place)
    way.save(versions[:6], **HANGS)
    killed.wait_for("in hand")
    way.save(versions[6:12])

    killed.kill()

    way.start("relay")
    way.start("retry", takes="overdue")
    way.save(versions[12:])
    way.require_all_known_once_in_order()


def test_two_relays_and_two_retry_jobs_bring_ten_thousand_events_of_fifty_tickets(way: WayToOrders) -> None:
    for number in (1, 2):
        way.start(f"relay-{number}")
        way.start(f"retry-{number}", takes="overdue")

    way.save(rounds(tickets=50, versions=200))

    way.require_all_known_once_in_order()


def test_relays_and_retry_jobs_that_are_killed_again_and_again_double_nothing(way: WayToOrders) -> None:
    way.save(rounds(tickets=50, versions=40))
    for number in range(3):
        victims = [way.start(f"relay-{number}"), way.start(f"retry-{number}", takes="overdue")]
        wait_until(lambda: way.number_told > 100 * (number + 1) or not way.waiting, "they work", seconds=SECONDS)  # noqa: B023 - called at once
        for victim in victims:
            victim.kill()

    way.start("relay")
    way.start("retry", takes="overdue")

    way.require_all_known_once_in_order()


@pytest.mark.parametrize("then_cut", [True, False], ids=["with the connection", "alone"])
def test_lost_acknowledgements_double_nothing(server: NatsServer, then_cut: bool) -> None:
    with (
        LostAcknowledgements(HOST, server.port) as proxy,
        way_to_orders(os.environ["MONGODB_URI"], server.url, by_way_of=f"nats://{HOST}:{proxy.port}") as way,
    ):
        proxy.lose(every=4, then_cut=then_cut)
        way.start("relay")
        way.start("retry", takes="overdue")
        way.save(rounds(tickets=10, versions=40))
        wait_until(lambda: proxy.lost >= 4, "acknowledgements are lost", seconds=SECONDS)

        proxy.lose(every=0, then_cut=False)
        blamed = way.blamed
        way.require_all_known_once_in_order()

        assert blamed == []


def test_a_full_stream_delays_events_and_blames_none(server: NatsServer) -> None:
    with way_to_orders(os.environ["MONGODB_URI"], server.url) as way:
        versions = rounds(tickets=10, versions=40)
        relays = [way.start("relay"), way.start("retry", takes="overdue")]
        way.save(versions[:10])
        wait_until(lambda: not way.waiting, "the first are published", seconds=SECONDS)
        config = way.view.ask(f"STREAM.INFO.{way.stream}")["config"]
        way.view.ask(f"STREAM.UPDATE.{way.stream}", {**config, "max_msgs": 100})
        way.save(versions[10:])
        wait_until(lambda: way.number_told == 100, "the stream is full", seconds=SECONDS)
        relays.append(way.start("another relay"))
        blamed = way.blamed

        way.view.ask(f"STREAM.UPDATE.{way.stream}", config)

        way.require_all_known_once_in_order()
        assert blamed == []
        assert [process.leave() for process in relays] == [0, 0, 0]


def test_a_node_of_three_is_killed_and_orders_hear_of_all(cluster: list[NatsServer]) -> None:
    addresses = ",".join(node.url for node in cluster)
    with way_to_orders(os.environ["MONGODB_URI"], addresses, replicas=3) as way:
        versions = rounds(tickets=10, versions=30)
        way.start("relay")
        way.start("retry", takes="overdue")
        way.save(versions[:100])
        wait_until(lambda: not way.waiting, "the first are published", seconds=SECONDS)
        leader = way.view.ask(f"STREAM.INFO.{way.stream}")["cluster"]["leader"]
        # The last one is looked at.
        killed = next(node for node in cluster[:2] if leader in (node.name, cluster[2].name))

        killed.kill()
        way.save(versions[100:])

        way.require_all_known_once_in_order()
        killed.start().wait_until_ready()
        way.require_all_known_once_in_order()
