"""A record comes to wait behind a letter at the moment at which an operator takes that out."""

from cqrs.broker import Broker, positions, reading
from cqrs.broker import dead_letters as letters
from cqrs.broker.failing import Failure
from cqrs.clock import now
from tests.broker.handled import GROUP, TOPIC, make_topic, send
from tests.broker.letters import parked
from tests.threads import in_threads

ROUNDS = 60


def test_no_record_is_left_waiting_behind_nothing(broker: Broker) -> None:
    make_topic(broker)
    send(broker, ["first", "second"], key="a")
    store = broker.store
    positions.establish(store, group=GROUP, topic=TOPIC, from_beginning=True)
    seen = positions.of_group(store, group=GROUP, topic=TOPIC)[0]
    claim = positions.claim(store, group=GROUP, topic=TOPIC, seen=seen, member="me")
    first, second = reading.read(store, topic=TOPIC, partition=0, offset=0, limit=2).records
    failure = Failure(error=ValueError("bad"), failed_at=(now(),))
    left = []
    assert claim is not None

    for _ in range(ROUNDS):
        store.dead_letters.delete_many({})
        letters.park(store, claim, first, failure)
        (letter,) = letters.listing(store, group=GROUP)
        waits, _ = in_threads(
            [lambda: letters.put_to_wait(store, claim, second), lambda id=letter.id: letters.discard(store, id)]  # type: ignore[misc]
        )
        left.append((waits, parked(broker)))

    # It waited and is next, or it found nothing to wait behind.
    fine = [(True, [("second", "retrying")]), (False, [])]
    assert [one for one in left if one not in fine] == []
