"""What every publisher must do, as tests: a class of tests for one implementation inherits all of them.

class TestMine(PublisherConformance):
    @pytest.fixture
    def publisher(self): ...          # an open publisher to an empty destination
    @pytest.fixture
    def held(self): ...               # a function that returns what the destination holds, in order for each key
    @pytest.fixture
    def unreachable(self): ...        # a publisher whose destination is away
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from cqrs.errors import Unavailable
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Published, Publisher, Refused, Withheld


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An event as its destination holds it."""

    event_id: str
    event_type: str
    ordering_key: str
    data: Any


Look = Callable[[], Sequence[Held]]


class PublisherConformance:
    """The tests. `subject` is where `event` sends, for destinations that take only some."""

    subject = "things.1"

    def event(
        self, number: int, *, key: str = "thing/1", data: Any = None, sequence: int | None = None
    ) -> OutgoingEvent:
        """Return event number so-and-so of a run."""
        return OutgoingEvent(
            event_id=f"event-{number}",
            subject=self.subject,
            event_type="thing:changed",
            ordering_key=key,
            sequence=sequence,
            data={"number": number} if data is None else data,
            headers={"traceparent": f"00-{number:032x}-{number:016x}-01"},
            created_at=datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC),
        )

    def test_an_event_is_held_as_it_was_given(self, publisher: Publisher, held: Look) -> None:
        event = self.event(1, data={"title": "Zürich 💥", "price": [1, 2.5, None, True]})

        outcomes = publisher.publish([event])

        assert outcomes == [Published()]
        assert held() == [Held(event_id="event-1", event_type="thing:changed", ordering_key="thing/1", data=event.data)]

    def test_a_call_without_events_does_nothing(self, publisher: Publisher, held: Look) -> None:
        outcomes = publisher.publish([])

        assert list(outcomes) == []
        assert list(held()) == []

    def test_events_of_one_key_keep_the_order_of_their_calls(self, publisher: Publisher, held: Look) -> None:
        for number in range(1, 11):
            publisher.publish([self.event(number, key="thing/1"), self.event(100 + number, key="thing/2")])

        by_key = {key: [event.data["number"] for event in held() if event.ordering_key == key] for key in KEYS}
        assert by_key == {"thing/1": list(range(1, 11)), "thing/2": list(range(101, 111))}

    def test_events_of_one_key_in_one_call_keep_their_order(self, publisher: Publisher, held: Look) -> None:
        events = [self.event(number, key=KEYS[number % 2]) for number in range(1, 21)]

        outcomes = publisher.publish(events)

        by_key = {key: [event.data["number"] for event in held() if event.ordering_key == key] for key in KEYS}
        assert all(isinstance(outcome, Published) for outcome in outcomes)
        assert by_key == {KEYS[0]: list(range(2, 21, 2)), KEYS[1]: list(range(1, 21, 2))}

    def test_what_stands_behind_a_refused_event_of_its_key_is_withheld(self, publisher: Publisher, held: Look) -> None:
        events = [
            self.event(1, key="thing/1"),
            self.event(2, key="thing/1", data=float("nan")),
            self.event(3, key="thing/1"),
            self.event(4, key="thing/2"),
        ]

        outcomes = publisher.publish(events)

        assert [type(outcome) for outcome in outcomes] == [Published, Refused, Withheld, Published]
        assert {event.event_id for event in held()} == {"event-1", "event-4"}

    def test_what_there_is_no_time_for_is_withheld(self, publisher: Publisher, held: Look) -> None:
        outcomes = publisher.publish([self.event(1), self.event(2, key="thing/2")], seconds=0)

        assert list(outcomes) == [Withheld(), Withheld()]
        assert list(held()) == []

    def test_an_event_that_is_given_again_is_held_once(self, publisher: Publisher, held: Look) -> None:
        publisher.publish([self.event(1)])

        again = publisher.publish([self.event(1), self.event(2, key="thing/2")])

        assert all(isinstance(outcome, Published) for outcome in again)
        assert sorted(event.event_id for event in held()) == ["event-1", "event-2"]

    def test_what_cannot_be_held_is_refused_and_nothing_else_with_it(self, publisher: Publisher, held: Look) -> None:
        events = [
            self.event(1, key="thing/1"),
            self.event(2, key="thing/2", data={"price": float("nan")}),
            self.event(3, key="thing/3", data="\ud800"),
            self.event(4, key="thing/4"),
        ]

        first, second, third, fourth = publisher.publish(events)

        assert isinstance(first, Published)
        assert isinstance(second, Refused)
        assert isinstance(third, Refused)
        assert isinstance(fourth, Published)
        assert {event.event_id for event in held()} == {"event-1", "event-4"}

    def test_many_events_of_many_keys_are_held_each_once(self, publisher: Publisher, held: Look) -> None:
        events = [self.event(number, key=f"thing/{number}") for number in range(300)]

        outcomes = publisher.publish(events)

        assert len(outcomes) == len(events)
        assert all(isinstance(outcome, Published) for outcome in outcomes)
        assert sorted(event.event_id for event in held()) == sorted(event.event_id for event in events)

    def test_a_destination_that_is_away_is_no_events_failure(self, unreachable: Publisher) -> None:
        raised: Unavailable | None = None

        try:
            unreachable.publish([self.event(1)])
        except Unavailable as error:
            raised = error

        assert raised is not None


KEYS = ("thing/1", "thing/2")
