"""Handlers that do what they should not: they hurt their own record at the most, and never stop a partition."""

import sys
import time
from collections.abc import Callable

import pytest
from pymongo.client_session import ClientSession

from cqrs.broker import Broker, ConsumerRecord, Fenced, Timing
from cqrs.broker import dead_letters as letters
from cqrs.broker.consumer import Consumer
from cqrs.testing.waiting import wait_until
from tests.broker.handled import GROUP, TOPIC, Handled, committed, consumer_of, make_topic, send
from tests.broker.letters import wait_for_letters


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def spoil(record: ConsumerRecord) -> None:
    """Leave in the value what no document can hold, and fail."""
    seen = dict(record.message.value)
    record.message.value["spoilt"] = object()
    record.message.headers["spoilt"] = "yes"  # type: ignore[index]
    raise ValueError(seen)


def test_every_attempt_gets_the_record_as_it_was_sent_and_so_does_the_dead_letter(broker: Broker) -> None:
    make_topic(broker)
    errors: list[str] = []
    consumer_of(broker, max_retries=2).subscribe(spoil, lambda error, _: errors.append(str(error)))

    send(broker, [{"a": 1}])
    (letter,) = wait_for_letters(broker, 1)
    letters.retry(broker.store, group=GROUP, topic=TOPIC)
    wait_until(lambda: len(errors) == 4, "it was tried again")

    assert errors == ["{'a': 1}"] * 4
    assert (letter.record.message.value, letter.record.message.headers) == ({"a": 1}, {})


def test_a_transaction_that_is_repeated_gets_the_record_as_it_was_sent(broker: Broker) -> None:
    make_topic(broker)
    broker.store.database["effects"].insert_one({"_id": 1})
    seen: list[object] = []

    def handle(record: ConsumerRecord, session: ClientSession) -> None:
        seen.append(dict(record.message.value))
        record.message.value["spoilt"] = object()
        effects = broker.store.database["effects"]
        effects.find_one({}, session=session)
        if len(seen) == 1:
            effects.update_one({}, {"$inc": {"by_others": 1}})
        effects.update_one({}, {"$inc": {"by_me": 1}}, session=session)

    consumer_of(broker).subscribe(handle, transactional=True)
    send(broker, [{"a": 1}])
    wait_until(lambda: committed(broker) == [1], "it is committed")

    assert seen == [{"a": 1}] * 2


def test_a_batch_may_be_emptied_and_a_failed_one_is_handled_as_it_was_sent(broker: Broker) -> None:
    make_topic(broker)
    send(broker, [{"a": 1}, {"a": 2}, {"a": 3}])
    seen: list[list[object]] = []

    def handle(records: list[ConsumerRecord]) -> None:
        seen.append([dict(record.message.value) for record in records])
        for record in records:
            record.message.value["spoilt"] = object()
        records.clear()
        if len(seen) == 1:
            raise ValueError

    consumer = consumer_of(broker)
    consumer.subscribe(handle, batch=True)
    wait_until(lambda: len(seen) == 4, "they were handled one by one")
    consumer.unsubscribe()

    assert seen == [[{"a": 1}, {"a": 2}, {"a": 3}], [{"a": 1}], [{"a": 2}], [{"a": 3}]]
    assert committed(broker) == [3]


def leave(_: ConsumerRecord) -> None:
    sys.exit("enough")


def speechless(_: ConsumerRecord) -> None:
    raise Unspeakable


@pytest.mark.parametrize("careless", [leave, speechless])
def test_whatever_is_raised_is_held_against_the_record(
    broker: Broker, careless: Callable[[ConsumerRecord], None]
) -> None:
    make_topic(broker)

    def handle(record: ConsumerRecord) -> None:
        if record.message.value == "bad":
            careless(record)

    handled = Handled(on=handle)
    consumer_of(broker, max_retries=2).subscribe(handled)

    send(broker, ["bad", "good"])
    handled.wait_for(1)

    assert handled.values == ["good"]
    assert [letter.attempts for letter in wait_for_letters(broker, 1)] == [2]


def test_a_letter_keeps_the_times_of_its_last_attempts_only(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cqrs.broker.dead_letters.MOST_TIMES", 3)
    make_topic(broker)
    consumer_of(broker, max_retries=2).subscribe(speechless)
    send(broker, ["bad"])
    (letter,) = wait_for_letters(broker, 1)

    letters.retry(broker.store, group=GROUP, topic=TOPIC)
    wait_until(lambda: attempts(broker) == 4, "it is parked again")

    (again,) = letters.listing(broker.store)
    assert len(again.failed_at) == 3
    assert again.failed_at[0] == letter.failed_at[1]


def test_a_commit_that_is_refused_in_one_partition_holds_in_the_others(broker: Broker) -> None:
    make_topic(broker, partitions=2)
    handled = Handled()
    # Seldom: the member should not notice by itself, before the commit does.
    consumer = consumer_of(broker, auto_commit=False, timing=Timing(heartbeat=30, session_timeout=60))
    consumer.subscribe(handled)
    send(broker, range(4))
    handled.wait_for(4)
    wait_until(lambda: positions_of(consumer) == [2, 2], "both are behind them")
    broker.store.positions.update_one({"_id.partition": 0}, {"$inc": {"epoch": 1}})

    with pytest.raises(Fenced):
        consumer.commit()

    assert committed(broker) == [0, 2]


def test_a_handler_that_is_too_slow_for_its_transaction_has_failed(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cqrs.broker.handling.TRANSACTION_SECONDS", 3.0)
    make_topic(broker)

    def handle(record: ConsumerRecord, session: ClientSession) -> None:
        if record.message.value == "slow":
            until = time.monotonic() + 3
            wait_until(lambda: time.monotonic() >= until, "it has taken longer than it may")
        broker.store.database["effects"].insert_one({"value": record.message.value}, session=session)

    consumer_of(broker, max_retries=1).subscribe(handle, transactional=True)
    send(broker, ["slow", "next"])
    wait_until(lambda: committed(broker) == [2], "both are behind it")

    assert [letter.error_type for letter in letters.listing(broker.store)] == ["HandlerTooSlow"]
    assert broker.store.database["effects"].distinct("value") == ["next"]


def positions_of(consumer: Consumer) -> list[int]:
    return [info.position for info in consumer.offset_info().values()]


def attempts(broker: Broker) -> int:
    return sum(letter.attempts for letter in letters.listing(broker.store) if letter.state == "parked")
