"""A replica set of three whose primary steps down or is killed while others send and consume: all goes on by itself."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from pymongo.errors import PyMongoError

from cqrs.broker import Broker, define_broker
from cqrs.broker.store import messages_of
from cqrs.testing.waiting import wait_until
from tests.broker.handled import TOPIC, Handled, consumer_of, make_topic, send
from tests.broker.member_process import MemberProcess, effects, members, require_order, wait_for_values
from tests.broker.senders import go, hear, heard, start_sender, told
from tests.broker.stored_messages import require_again_changes_nothing, require_no_gaps, require_stored_once
from tests.broker.three_members import ThreeMembers, three_members

PARTITIONS = 3
SENDERS = ("left", "right")
MORE = 50

Lose = Callable[[ThreeMembers], None]


@pytest.fixture(scope="module")
def mongodb() -> Iterator[ThreeMembers]:
    """The set, which a test leaves as it may."""
    with three_members() as mongodb:
        yield mongodb


@pytest.fixture
def broker(mongodb: ThreeMembers) -> Iterator[Broker]:
    """A broker on the whole set, in a database of the test's own."""
    mongodb.wait_until_whole()
    with Broker(define_broker(mongo_uri=mongodb.uri, database=f"broker_{uuid4().hex[:12]}")) as broker:
        yield broker


@pytest.fixture
def group(broker: Broker) -> Iterator[list[MemberProcess]]:
    """Two members in processes of their own, which share the partitions."""
    make_topic(broker, partitions=PARTITIONS)
    with members(broker) as start:
        group = [start(name, "telling") for name in ("first", "second")]
        wait_until(lambda: len(owners(broker)) == 2, "both own something")
        yield group


@pytest.fixture
def stop_senders(broker: Broker, group: list[MemberProcess]) -> Iterator[Callable[[], list[Any]]]:
    """Processes that send; the function stops them and returns what they have to tell."""
    with ExitStack() as stack:
        processes = [start_sender(broker.config, "keyed", name) for name in SENDERS]
        for process in processes:
            stack.enter_context(process)
            stack.callback(process.kill)
            hear(process)

        yield lambda: [thread for process in processes for thread in told(process)]


@pytest.mark.parametrize(
    "lose_primary", [ThreeMembers.step_down, ThreeMembers.kill_primary], ids=["steps down", "is killed"]
)
def test_all_goes_on_in_order_and_once_when_the_primary(
    broker: Broker,
    mongodb: ThreeMembers,
    group: list[MemberProcess],
    stop_senders: Callable[[], list[Any]],
    lose_primary: Lose,
) -> None:
    wait_until(lambda: handled_more(broker, 0), "sending and consuming are under way")

    lose_primary(mongodb)
    before = len(wait_until(lambda: seen(broker), "there is a primary"))
    wait_until(lambda: handled_more(broker, before), "sending and consuming go on")
    sent = [place for thread in stop_senders() for place in thread["sent"]]
    wait_for_values(broker, {place["value"] for place in sent})

    require_stored_once(broker, TOPIC, sent)
    require_no_gaps(broker, TOPIC)
    require_order(broker)
    require_committed_was_handled(broker)
    require_again_changes_nothing(broker, TOPIC, sent)
    for member in group:
        member.wait_for("group cannot be kept now, trying again")
        member.wait_for("group is kept again")


def test_what_no_majority_has_is_neither_acknowledged_nor_handled(
    broker: Broker, mongodb: ThreeMembers, caplog: pytest.LogCaptureFixture
) -> None:
    make_topic(broker)
    handled, consumer = Handled(), consumer_of(broker, max_await_time_ms=20, auto_commit=False)
    consumer.subscribe(handled)
    send(broker, ["before"])
    wait_until(lambda: [info.position for info in consumer.offset_info().values()] == [1], "it is handled")

    with ThreadPoolExecutor(1) as threads, start_sender(broker.config, "crowd", "lost", "1") as sender:
        hear(sender)
        with mongodb.lone_primary() as primary:
            committing = threads.submit(consumer.commit)
            messages = primary[broker.config.database][messages_of(TOPIC)]
            go(sender)
            wait_until(lambda: messages.find_one({"value": "lost-0"}), "the primary has it")
            wait_until(lambda: "group cannot be kept now, trying again" in caplog.messages, "the group feels it")
            sender.kill()
            said = heard(sender)
            is_committed = committing.done() and committing.exception() is None
    wait_until(lambda: broker.is_connected, "there is a primary")
    send(broker, ["after"])
    wait_until(lambda: "after" in handled.values, "it is handled")

    assert (said, is_committed) == ([], False)
    assert {(record.offset, record.message.value) for record in handled.records} == {(0, "before"), (1, "after")}


def handled_more(broker: Broker, before: int) -> bool:
    """Whether more has had its effect; on the way nothing may ever be committed that had none."""
    try:
        require_committed_was_handled(broker)
        return len(effects(broker)) >= before + MORE
    except PyMongoError:
        return False


def seen(broker: Broker) -> list[dict[str, Any]]:
    """Return the effects, once there is a primary to ask."""
    try:
        return effects(broker)
    except PyMongoError:
        return []


def require_committed_was_handled(broker: Broker) -> None:
    """Fail where a position is behind a record that had no effect. Positions are read first: effects only grow."""
    committed = {one["_id"]["partition"]: one["committed"] for one in broker.store.positions.find()}
    handled: dict[int, set[int]] = defaultdict(set)
    for effect in effects(broker):
        handled[effect["partition"]].add(effect["offset"])
    for partition, offset in committed.items():
        assert handled[partition] >= set(range(offset))


def owners(broker: Broker) -> set[str]:
    return {one["owner"] for one in broker.store.positions.find() if one["owner"] is not None}
