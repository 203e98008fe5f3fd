"""The answer to a commit gets lost: what was committed is neither sent nor effected again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo.client_session import ClientSession

from cqrs.broker import Broker, BrokerConfig, ConsumerRecord, Message, Sent, define_broker, define_producer
from cqrs.broker import dead_letters as letters
from cqrs.errors import Unavailable
from cqrs.testing.waiting import wait_until
from tests.broker.handled import GROUP, TOPIC, Handled, committed, consumer_of, make_topic, send
from tests.broker.letters import Failing, parked, wait_for_letters
from tests.broker.lost_answer import LostAnswers, lost_answers
from tests.broker.senders import hear, start_sender, told
from tests.broker.stored_messages import require_again_changes_nothing, require_no_gaps, require_stored_once, values

# After each lost answer the driver needs half a second to trust the server again.
SOME = 4
RECORDS = 10


@pytest.fixture
def proxy() -> Iterator[LostAnswers]:
    """What the broker under test reaches MongoDB through."""
    with lost_answers() as proxy:
        yield proxy


@pytest.fixture
def remote(broker: Broker, broker_config: BrokerConfig, proxy: LostAnswers) -> Iterator[Broker]:
    """A broker in the same database, behind the proxy; the topic is there."""
    make_topic(broker)
    uri = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true"
    remote = Broker(define_broker(mongo_uri=uri, database=broker_config.database)).connect()
    yield remote
    proxy.lose(0)
    proxy.mend()
    remote.disconnect()


# The driver itself asks once more; who has lost both answers has to ask again by themselves.
@pytest.mark.parametrize("times", [1, 5])
def test_a_send_whose_answer_is_lost_is_acknowledged_once(
    broker: Broker, remote: Broker, proxy: LostAnswers, times: int
) -> None:
    producer = remote.create_producer(define_producer(topic=TOPIC))
    producer.send(Message(value="before"))

    proxy.lose(times)
    sent = [producer.send(Message(value=value)) for value in ("lost", "after")]

    assert proxy.lost == times
    assert sent == [[Sent(partition=0, offset=1)], [Sent(partition=0, offset=2)]]
    assert values(broker, TOPIC) == ["before", "lost", "after"]
    require_no_gaps(broker, TOPIC)


def test_a_send_that_never_hears_is_unavailable_and_the_same_key_finds_what_was_stored(
    broker: Broker, remote: Broker, proxy: LostAnswers
) -> None:
    producer = remote.create_producer(define_producer(topic=TOPIC))
    messages = [Message(value="first"), Message(value="second")]
    proxy.lose()

    with pytest.raises(Unavailable):
        producer.send(messages, idempotency_key="k")
    stored_by_then = values(broker, TOPIC)
    proxy.lose(0)
    again = producer.send(messages, idempotency_key="k")

    assert proxy.lost > 2
    assert stored_by_then == ["first", "second"]
    assert again == [Sent(partition=0, offset=0), Sent(partition=0, offset=1)]
    assert values(broker, TOPIC) == ["first", "second"]
    require_no_gaps(broker, TOPIC)


def test_a_process_that_loses_every_third_answer_sends_everything_once(
    broker: Broker, remote: Broker, proxy: LostAnswers
) -> None:
    proxy.lose(every=3)

    with start_sender(remote.config, "keyed", "sender") as process:
        hear(process)
        wait_until(lambda: proxy.lost >= SOME, "answers are lost")
        sent = [place for thread in told(process) for place in thread["sent"]]

    require_stored_once(broker, TOPIC, sent)
    require_no_gaps(broker, TOPIC)
    require_again_changes_nothing(broker, TOPIC, sent)


def effect_on(broker: Broker) -> Callable[[ConsumerRecord, ClientSession], None]:
    """Return a handler whose effect is a document, written in the transaction of the offset."""

    def handle(record: ConsumerRecord, session: ClientSession) -> None:
        broker.store.database["effects"].insert_one({"value": record.message.value}, session=session)

    return handle


def effects(broker: Broker) -> list[Any]:
    return [effect["value"] for effect in broker.store.database["effects"].find().sort("$natural", 1)]


def test_an_effect_is_had_once_with_its_offset_though_every_third_answer_is_lost(
    broker: Broker, remote: Broker, proxy: LostAnswers
) -> None:
    broker.store.create_collection("effects")
    consumer_of(remote).subscribe(effect_on(remote), transactional=True)

    proxy.lose(every=3)
    send(broker, range(RECORDS))
    wait_until(lambda: committed(broker) == [RECORDS], "all is committed")

    assert proxy.lost > 2
    assert effects(broker) == list(range(RECORDS))
    assert parked(broker) == []


def test_whoever_is_cut_off_before_the_answer_leaves_its_effect_to_the_next_owner(
    broker: Broker, remote: Broker, proxy: LostAnswers
) -> None:
    broker.store.create_collection("effects")
    consumer_of(remote).subscribe(effect_on(remote), transactional=True)
    send(broker, ["before"])
    wait_until(lambda: committed(broker) == [1], "it works")

    proxy.lose(1, then_cut=True)
    send(broker, ["lost", "after"])
    wait_until(lambda: proxy.lost, "it is cut off")
    consumer_of(broker).subscribe(effect_on(broker), transactional=True)
    wait_until(lambda: committed(broker) == [3], "the next owner has gone on")
    proxy.mend()
    send(broker, ["last"])
    wait_until(lambda: committed(broker) == [4], "all is committed")

    assert effects(broker) == ["before", "lost", "after", "last"]


@pytest.mark.parametrize("times", [1, 5])
def test_a_record_whose_parking_was_not_heard_of_is_one_letter(
    broker: Broker, remote: Broker, proxy: LostAnswers, times: int
) -> None:
    failing = Failing(bad=99)
    handled = Handled(failing)
    consumer_of(remote, max_retries=1).subscribe(handled)

    proxy.lose(times)
    send(broker, ["bad", "waiting"], key="one")
    send(broker, ["good"], key="other")
    handled.wait_for(1)
    wait_for_letters(broker, 2)

    assert proxy.lost == times
    assert failing.attempts == ["bad", "good"]
    assert parked(broker) == [("bad", "parked"), ("waiting", "waiting")]


def test_letters_that_are_retried_have_their_effect_once(broker: Broker, remote: Broker, proxy: LostAnswers) -> None:
    broker.store.create_collection("effects")
    failures = [ValueError()]
    effect = effect_on(remote)

    def handle(record: ConsumerRecord, session: ClientSession) -> None:
        effect(record, session)
        if failures:
            raise failures.pop()

    consumer_of(remote, max_retries=1).subscribe(handle, transactional=True)
    send(broker, ["first", "second", "third"], key="one")
    wait_for_letters(broker, 3)

    proxy.lose(5)
    letters.retry(broker.store, group=GROUP, topic=TOPIC)
    wait_for_letters(broker, 0)

    assert proxy.lost > 2
    assert effects(broker) == ["first", "second", "third"]
