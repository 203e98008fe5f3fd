"""Whoever owns a partition no more changes no dead letter of it: all of it stands or falls with the claim."""

from collections.abc import Callable

import pytest
from pymongo.client_session import ClientSession

from cqrs.broker import Broker, ConsumerRecord, Fenced, positions, reading
from cqrs.broker import dead_letters as letters
from cqrs.broker.failing import Failure
from cqrs.broker.positions import Claim
from cqrs.broker.transaction import in_transaction
from cqrs.clock import now
from tests.broker.handled import GROUP, TOPIC, committed, make_topic, send
from tests.broker.letters import parked

FAILURE = Failure(error=ValueError("bad"), failed_at=(now(),))


@pytest.fixture
def records(broker: Broker) -> list[ConsumerRecord]:
    """Two records of one key."""
    make_topic(broker)
    send(broker, ["first", "second"], key="a")
    return list(reading.read(broker.store, topic=TOPIC, partition=0, offset=0, limit=10).records)


@pytest.fixture
def claim(broker: Broker, records: list[ConsumerRecord]) -> Callable[[], Claim]:
    """Claims the only partition, from whoever has it."""
    positions.establish(broker.store, group=GROUP, topic=TOPIC, from_beginning=True)

    def next_claim() -> Claim:
        seen = positions.of_group(broker.store, group=GROUP, topic=TOPIC)[0]
        claim = positions.claim(broker.store, group=GROUP, topic=TOPIC, seen=seen, member="me")
        assert claim is not None
        return claim

    return next_claim


def test_it_parks_nothing(broker: Broker, records: list[ConsumerRecord], claim: Callable[[], Claim]) -> None:
    former = claim()
    claim()

    with pytest.raises(Fenced):
        letters.park(broker.store, former, records[0], FAILURE)

    assert (parked(broker), committed(broker)) == ([], [0])


def test_it_puts_nothing_to_wait(broker: Broker, records: list[ConsumerRecord], claim: Callable[[], Claim]) -> None:
    former = claim()
    letters.park(broker.store, former, records[0], FAILURE)
    claim()

    with pytest.raises(Fenced):
        letters.put_to_wait(broker.store, former, records[1])

    assert (parked(broker), committed(broker)) == ([("first", "parked")], [1])


def test_it_parks_nothing_again(broker: Broker, records: list[ConsumerRecord], claim: Callable[[], Claim]) -> None:
    former = claim()
    letters.park(broker.store, former, records[0], FAILURE)
    letters.retry(broker.store, group=GROUP, topic=TOPIC)
    letter = letters.next_to_retry(broker.store, former)
    assert letter is not None
    claim()

    with pytest.raises(Fenced):
        letters.park_again(broker.store, former, letter, FAILURE)

    assert parked(broker) == [("first", "retrying")]


def test_it_takes_nothing_out(broker: Broker, records: list[ConsumerRecord], claim: Callable[[], Claim]) -> None:
    former = claim()
    letters.park(broker.store, former, records[0], FAILURE)
    letters.put_to_wait(broker.store, former, records[1])
    letters.retry(broker.store, group=GROUP, topic=TOPIC)
    letter = letters.next_to_retry(broker.store, former)
    assert letter is not None
    claim()

    def settle(session: ClientSession) -> None:
        letters.settle(broker.store, former, letter, session=session)

    with pytest.raises(Fenced):
        in_transaction(broker.store, settle)

    assert parked(broker) == [("first", "retrying"), ("second", "waiting")]
