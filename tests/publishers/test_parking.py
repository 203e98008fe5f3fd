"""What cannot be handled is parked; its subject waits behind it, until an operator says what becomes of it."""

import os

import pytest

from cqrs.publishers.jetstream.incoming_event import IncomingEvent
from cqrs.publishers.jetstream.letter_box import LetterBox
from cqrs.publishers.jetstream.letters import Letter
from cqrs.publishers.jetstream.link import Link
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.testing.waiting import wait_until
from tests.publishers.conftest import Listen
from tests.publishers.heard import Heard, publish
from tests.publishers.stream_view import StreamView


def wait_for_letters(box: LetterBox, count: int) -> list[Letter]:
    wait_until(lambda: len(list(box.all())) == count, f"{count} letters are there")
    return list(box.all())


class Poison:
    """Fails for `a-2` until it is healed, or removed."""

    def __init__(self) -> None:
        self.is_healed = False

    def __call__(self, event: IncomingEvent) -> None:
        if event.event_id == "a-2" and not self.is_healed:
            raise ValueError("poison\nof two lines")


def test_what_cannot_be_handled_is_parked_and_its_subject_waits_behind_it(
    publisher: JetStreamPublisher, stream: str, listen: Listen, box: LetterBox
) -> None:
    heard = Heard(Poison())
    publish(publisher, stream, "a", [1, 2, 3])
    publish(publisher, stream, "b", [1])

    listener = listen(heard)
    wait_for_letters(box, 2)
    publish(publisher, stream, "a", [4])
    publish(publisher, stream, "b", [2])
    wait_until(lambda: len(list(box.all())) == 3 and len(heard.events) == 3, "the next ones are dealt with")

    failed, *waiting = list(box.all())
    assert heard.attempts.count("a-2") == 3
    assert sorted(heard.handled) == ["a-1", "b-1", "b-2"]
    assert (failed.event_id, failed.state, failed.attempts) == ("a-2", "failed", 3)
    assert (failed.error_type, failed.error) == ("ValueError", "poison of two lines")
    assert [(letter.event_id, letter.state) for letter in waiting] == [("a-3", "waiting"), ("a-4", "waiting")]
    wait_until(lambda: listener.unhandled() == 0, "nothing blocks the consumer")
    assert listener.dead_letters() == 3


@pytest.mark.parametrize("restarted", [False, True], ids=["the same process", "another process"])
def test_letters_that_are_wished_for_are_handled_in_order_and_what_comes_then_is_free(
    publisher: JetStreamPublisher,
    stream: str,
    listen: Listen,
    box: LetterBox,
    restarted: bool,
) -> None:
    poison = Poison()
    heard = Heard(poison)
    publish(publisher, stream, "a", [1, 2, 3])
    listener = listen(heard)
    wait_for_letters(box, 2)
    if restarted:
        listener.stop()
        listen(heard)
    publish(publisher, stream, "a", [4])
    wait_for_letters(box, 3)

    poison.is_healed = True
    box.retry(f"{stream}.a")
    heard.wait_for(4)
    wait_for_letters(box, 0)
    publish(publisher, stream, "a", [5])
    heard.wait_for(5)

    assert heard.handled == ["a-1", "a-2", "a-3", "a-4", "a-5"]
    event = heard.events[1]
    assert (event.subject, event.sequence, event.data) == (f"{stream}.a", 2, {"version": 2})
    assert list(box.all()) == []


def test_a_letter_that_fails_again_stays_first(
    publisher: JetStreamPublisher,
    stream: str,
    listen: Listen,
    box: LetterBox,
) -> None:
    heard = Heard(Poison())
    publish(publisher, stream, "a", [1, 2, 3])
    listen(heard)
    wait_for_letters(box, 2)

    box.retry(f"{stream}.a")
    wait_until(lambda: heard.attempts.count("a-2") == 4, "it is tried once more")

    assert [letter.event_id for letter in list(box.all())] == ["a-2", "a-3"]
    assert heard.handled == ["a-1"]


def test_what_waits_behind_a_discarded_letter_is_handled(
    publisher: JetStreamPublisher,
    stream: str,
    listen: Listen,
    box: LetterBox,
) -> None:
    heard = Heard(Poison())
    publish(publisher, stream, "a", [1, 2, 3])
    listen(heard)
    wait_for_letters(box, 2)
    number = next(box.all()).number

    box.discard(number)
    heard.wait_for(2)

    assert heard.handled == ["a-1", "a-3"]


def test_what_is_no_json_is_parked(
    publisher: JetStreamPublisher, stream: str, view: StreamView, listen: Listen, box: LetterBox
) -> None:
    publisher.prepare()
    link = Link([os.environ["NATS_URL"]], name="careless")
    link.call(lambda client: client.request(f"{stream}.a", b"{no json"), seconds=5)
    link.close()

    listen(Heard())
    wait_for_letters(box, 1)

    (letter,) = list(box.all())
    assert (letter.error_type, letter.payload, letter.event_id) == ("DecodeError", b"{no json", "1")


def test_a_handler_that_raises_system_exit_has_failed(
    publisher: JetStreamPublisher, stream: str, listen: Listen, box: LetterBox
) -> None:
    def act(event: IncomingEvent) -> None:
        if event.event_id == "a-1":
            raise SystemExit

    heard = Heard(act)
    publish(publisher, stream, "a", [1])
    publish(publisher, stream, "b", [1])
    listen(heard)
    wait_for_letters(box, 1)
    heard.wait_for(1)

    assert next(box.all()).error == "the handler raised SystemExit"
    assert heard.handled == ["b-1"]
