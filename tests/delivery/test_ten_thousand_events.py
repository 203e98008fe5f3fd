"""10,000 events to three subscriptions, and kills all over: the windows are what a recount of the records gives."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from pymongo.database import Database

from cqrs.broker import Broker, BrokerConfig, define_topic, lag
from cqrs.delivery.ledger import Ledger
from tests.broker.member_process import MemberProcess
from tests.delivery.processes import Processes
from tests.delivery.publishing_process import EVENTS, NOWHERE, OTHER, TOPIC
from tests.delivery.raw_recount import Numbers, Windows, recount, stored
from tests.waiting import wait_until

SIZE = 1000
PARTITIONS = 3
# On a machine that has much else to do.
SECONDS = 240


@pytest.fixture
def broker(broker_config: BrokerConfig, ledger: Ledger) -> Iterator[Broker]:
    with Broker(broker_config) as broker:
        for topic in (TOPIC, OTHER):
            broker.topics.create(define_topic(name=topic, partitions=PARTITIONS))
        yield broker


def test_the_windows_are_what_a_recount_gives(processes: Processes, broker: Broker, database: Database[Any]) -> None:
    processes.subscribe("steady")
    processes.subscribe("failing", "failing")
    processes.subscribe("billing", topic=OTHER)
    interrupted = processes.subscribe("interrupted", "transactional")
    held = processes.schedule(size=SIZE, held_at="update")
    publisher = processes.publish()

    kill_in_the_middle(processes, held)
    publisher.wait_for("published 2000")
    interrupted.kill()
    publisher.wait_for("published 6000")
    begun = committed(broker, "interrupted")
    again = processes.subscribe("interrupted", "transactional")
    wait_until(lambda: committed(broker, "interrupted") > begun, "it has begun with what has gathered", SECONDS)
    again.kill()
    processes.subscribe("interrupted", "transactional")
    publisher.wait_for("done")
    wait_until(lambda: is_all_read(broker, TOPIC, "steady"), "all is read", SECONDS)
    wait_until(lambda: is_all_read(broker, TOPIC, "interrupted"), "all is read in the end", SECONDS)
    wait_until(lambda: is_all_received(recount(database, SIZE)), "all of it is recorded", SECONDS)
    with suppress(AssertionError):
        wait_until(lambda: stored(database) == recount(database, SIZE), "they are the same", SECONDS)
    # Once more, to have said which are not.
    assert stored(database) == recount(database, SIZE)
    require_all_was_received(stored(database), failing="failing")
    require_each_logged_once(processes, [start for _, start in stored(database)])


def kill_in_the_middle(processes: Processes, counting: MemberProcess) -> None:
    """Kill a scheduler when it has counted a window, and one when it has stored one, which is not committed.

    Two at the same time go on.
    """
    counting.wait_for("in the middle")
    storing = processes.schedule(size=SIZE, held_at="commitTransaction")
    counting.kill()
    storing.wait_for("in the middle")
    for _ in range(2):
        processes.schedule(size=SIZE)
    storing.kill()


def committed(broker: Broker, group: str) -> int:
    return sum(one.committed for one in lag.measure(broker.store, group=group, topic=TOPIC).values())


def is_all_read(broker: Broker, topic: str, group: str) -> bool:
    partitions = lag.measure(broker.store, group=group, topic=topic)
    return len(partitions) == PARTITIONS and not any(one.lag for one in partitions.values())


def is_all_received(windows: Windows) -> bool:
    """Whether of each event nothing is missing but the delivery to the subscription that always fails."""
    lacking = {TOPIC: 1, OTHER: 0, NOWHERE: 0}
    return all(window.numbers.missed == lacking[topic] * window.events for (topic, _), window in windows.items())


def require_all_was_received(windows: Windows, *, failing: str) -> None:
    """Fail unless each window reads as it must where two of three subscriptions receive everything."""
    of_main = [window for (topic, _), window in windows.items() if topic == TOPIC and window.events]
    assert sum(window.events for window in of_main) >= EVENTS
    assert sum(window.failed for (topic, _), window in windows.items() if topic == NOWHERE) > 0
    for window in of_main:
        whole = Numbers(window.events, window.events, 0, Fraction(1))
        nothing = Numbers(window.events, 0, window.events, Fraction(0))
        assert window.subscriptions == {"steady": whole, "interrupted": whole, failing: nothing}
        assert window.numbers == (3 * window.events, 2 * window.events, window.events, Fraction(2, 3))


def require_each_logged_once(processes: Processes, starts: list[datetime]) -> None:
    """Fail unless the logs of all schedulers together have each window once, one directly behind the other."""
    spans = processes.windows_logged()
    assert all(end == start for (_, end), (start, _) in pairwise(spans))
    assert spans[0][0] <= min(starts)
    assert max(starts) < spans[-1][1]
