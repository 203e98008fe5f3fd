"""A partition has one worker in a process, whatever is lost and gained again meanwhile."""

import threading

from cqrs.broker import Broker, ConsumerRecord
from cqrs.testing.waiting import wait_until
from tests.broker.handled import GROUP, TOPIC, Handled, consumer_of, make_topic, send


def test_who_was_given_up_with_a_record_in_hand_begins_no_other_before_it_is_done(broker: Broker) -> None:
    make_topic(broker)
    entered, go_on = threading.Event(), threading.Event()
    at_once: list[int] = []

    def hold(record: ConsumerRecord) -> None:
        at_once.append(1)
        entered.set()
        go_on.wait(60)
        at_once.pop()
        counts.append(len(at_once))

    counts: list[int] = []
    handled = Handled(on=hold)
    consumer = consumer_of(broker)
    consumer.subscribe(handled)
    send(broker, ["in hand"])
    entered.wait(60)
    former = wait_until(lambda: member(broker), "it is a member")

    broker.store.groups.update_one({"_id": {"group": GROUP, "topic": TOPIC}}, {"$set": {"members": []}})
    wait_until(lambda: rejoined(broker, former), "it has joined anew and stepped on")
    go_on.set()
    handled.wait_for(2)
    consumer.unsubscribe()

    assert handled.values == ["in hand", "in hand"], "it had not been committed"
    assert counts == [0, 0]


def member(broker: Broker) -> object:
    group = broker.store.groups.find_one()
    return group and group["members"] and group["members"][0]["joinedAt"]


def rejoined(broker: Broker, former: object) -> bool:
    """Whether it has joined again, and has shown since that it lives."""
    group = broker.store.groups.find_one()
    assert group is not None
    return any(
        one["joinedAt"] != former and (one["heartbeatAt"] - one["joinedAt"]).total_seconds() > 0.3
        for one in group["members"]
    )
