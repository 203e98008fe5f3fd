"""Records that fail, and the dead letters that become of them."""

from cqrs.broker import Broker, ConsumerRecord, Message, define_producer
from cqrs.broker import dead_letters as letters
from cqrs.broker.dead_letters import DeadLetter
from cqrs.testing.waiting import wait_until
from tests.broker.handled import GROUP, TOPIC


class Failing:
    """Fails for the values in `bad`, as often as is said there, and remembers every attempt."""

    def __init__(self, **bad: int) -> None:
        self.bad = bad
        self.attempts: list[str] = []

    def __call__(self, record: ConsumerRecord) -> None:
        value = record.message.value
        self.attempts.append(value)
        if self.bad.get(value, 0) > 0:
            self.bad[value] -= 1
            raise ValueError(f"cannot take {value}")


def parked(broker: Broker) -> list[tuple[str, str]]:
    return [(letter.record.message.value, letter.state) for letter in letters.listing(broker.store, group=GROUP)]


def wait_for_letters(broker: Broker, number: int) -> list[DeadLetter]:
    wait_until(lambda: len(parked(broker)) == number, f"{number} letters are there")
    return letters.listing(broker.store, group=GROUP)


def send_keyed(broker: Broker, *messages: tuple[str | None, str]) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))
    producer.send([Message(key=key, value=value) for key, value in messages])
