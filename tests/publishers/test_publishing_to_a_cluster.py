"""Three nodes hold a stream together: one of them may die at any time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cqrs.testing.waiting import wait_until
from tests.publishers.conftest import NewPublisher, settings_of
from tests.publishers.nats_server import NatsServer
from tests.publishers.steady_publishing import SteadyPublishing
from tests.publishers.stream_view import StreamView
from tests.publishers.test_publishing_through_faults import go_on, wait_until_it_fails

NODES = ("a", "b", "c")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[dict[str, NatsServer]]:
    """Three nodes at work."""
    nodes = {name: NatsServer(tmp_path / name, name=name) for name in NODES}
    for node in nodes.values():
        node.routes = [other.route_port for other in nodes.values()]
        node.start()
    for node in nodes.values():
        node.wait_until_ready()
    yield nodes
    for node in nodes.values():
        node.stop()


def test_a_node_is_killed_and_comes_back(cluster: dict[str, NatsServer], new_publisher: NewPublisher) -> None:
    url = ",".join(node.url for node in cluster.values())

    with SteadyPublishing(new_publisher(settings_of(url, "t", replicas=3)), "t") as publishing:
        go_on(publishing)
        leader = leader_of(cluster)
        cluster[leader].kill()
        go_on(publishing)
        cluster[leader].start().wait_until_ready()
        go_on(publishing)
        publishing.stop()

    require_each_once_in_order(cluster, publishing)


def test_without_a_majority_nothing_is_taken_and_nothing_lost(
    cluster: dict[str, NatsServer], new_publisher: NewPublisher
) -> None:
    url = ",".join(node.url for node in cluster.values())

    with SteadyPublishing(new_publisher(settings_of(url, "t", replicas=3, ack_seconds=1.0)), "t") as publishing:
        go_on(publishing)
        cluster["a"].kill()
        cluster["b"].kill()
        wait_until_it_fails(publishing, outages=2)
        cluster["a"].start()
        cluster["b"].start()
        go_on(publishing)
        publishing.stop()

    require_each_once_in_order(cluster, publishing)


def leader_of(cluster: dict[str, NatsServer]) -> str:
    view = StreamView(next(iter(cluster.values())).url)
    try:
        leader: str = view.ask("STREAM.INFO.t")["cluster"]["leader"]
    finally:
        view.close()
    return leader


def require_each_once_in_order(cluster: dict[str, NatsServer], publishing: SteadyPublishing) -> None:
    for node in cluster.values():
        node.wait_until_ready()
    view = StreamView(next(iter(cluster.values())).url)
    try:
        wait_until(lambda: view.state("t")["messages"] >= publishing.done, "the stream has a leader")
        publishing.require_each_once_in_order(view.messages("t"))
    finally:
        view.close()
