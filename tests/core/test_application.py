"""The application combines what its parts register, once, and carries an event through sagas and handlers."""

from collections.abc import Iterator, Sequence
from typing import ClassVar
from uuid import UUID, uuid4

import msgspec
import pytest

from cqrs.application import Application
from cqrs.clock import now
from cqrs.context import Context
from cqrs.errors import DuplicateRegistration, MalformedEvent, NoHandler, RegistrationError, UnknownEvent
from cqrs.messages import Command, Envelope, Event, Recorded
from cqrs.saga import Saga


class Ordered(Event, frozen=True, kw_only=True):
    wire_name: ClassVar[str] = "tests.ordered.v1"

    order: int


class Ship(Command, frozen=True, kw_only=True):
    order: int


class Bill(Command, frozen=True, kw_only=True):
    order: int


class Shipped(Event, frozen=True, kw_only=True):
    wire_name: ClassVar[str] = "tests.shipped.v1"

    order: int


class Thank(Command, frozen=True, kw_only=True):
    order: int


class Nameless(Event, frozen=True, kw_only=True):
    pass


def ordered(event: Ordered) -> Iterator[Command]:
    yield Ship(order=event.order)
    yield Bill(order=event.order)


def shipped(event: Shipped) -> Iterator[Command]:
    yield Thank(order=event.order)


FULFIL = Saga(name="fulfil", reactions={Ordered: ordered})
BE_POLITE = Saga(name="be polite", reactions={Shipped: shipped})
CONTEXT = Context(app_id="test-1")


class Shop:
    """Handlers that remember what reached them, in one list."""

    def __init__(self) -> None:
        self.calls: list[list[Command]] = []
        self.contexts: list[Context] = []

    def ship(self, commands: Sequence[Envelope[Ship]]) -> list[Shipped]:
        self._note(commands)
        return [Shipped(order=command.message.order) for command in commands]

    def bill(self, commands: Sequence[Envelope[Bill]]) -> list[None]:
        self._note(commands)
        return [None for _ in commands]

    def thank(self, commands: Sequence[Envelope[Thank]]) -> list[str]:
        self._note(commands)
        return ["thanks" for _ in commands]

    def _note(self, commands: Sequence[Envelope[Command]]) -> None:
        self.calls.append([command.message for command in commands])
        self.contexts += [command.context for command in commands]


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def application(shop: Shop) -> Application:
    application = Application(app_id="test-1")
    application.add_event(Ordered)
    application.add_handler(Ship, shop.ship)
    application.add_handler(Bill, shop.bill)
    application.add_handler(Thank, shop.thank)
    application.add_saga(FULFIL)
    application.add_saga(BE_POLITE)
    return application


def recorded(order: int, *, name: str = Ordered.wire_name, data: str | None = None, **fields: object) -> Recorded:
    event = Recorded(
        position=order,
        event_id=uuid4(),
        name=name,
        stage="CREATED",
        aggregate_type="order",
        aggregate_id=uuid4(),
        version=1,
        confirms=None,
        app_id="elsewhere",
        seed="run-1",
        causation_id=None,
        traceparent="00-trace",
        recorded_at=now(),
        data=f'{{"order": {order}}}' if data is None else data,
    )
    return msgspec.structs.replace(event, **fields)


def test_an_event_flows_through_saga_command_handler_and_event_until_nothing_follows(
    application: Application, shop: Shop
) -> None:
    application.drive([recorded(1)])

    assert shop.calls == [[Ship(order=1)], [Bill(order=1)], [Thank(order=1)]]


def test_a_batch_reaches_each_handler_at_once_and_in_order(application: Application, shop: Shop) -> None:
    application.drive([recorded(order) for order in (1, 2, 3)])

    assert shop.calls == [
        [Ship(order=order) for order in (1, 2, 3)],
        [Bill(order=order) for order in (1, 2, 3)],
        [Thank(order=order) for order in (1, 2, 3)],
    ]


def test_what_follows_carries_the_run_the_trace_and_its_cause(application: Application, shop: Shop) -> None:
    cause = UUID("01890a5d-ac96-774b-bcce-b302099a8057")

    application.drive([recorded(1, event_id=cause)])

    expected = Context(app_id="test-1", seed="run-1", causation_id=str(cause), traceparent="00-trace")
    assert shop.contexts == [expected] * 3


def test_an_event_that_no_saga_cares_for_leads_to_nothing(shop: Shop) -> None:
    application = Application(app_id="test-1")
    application.add_event(Ordered)

    application.drive([recorded(1)])

    assert shop.calls == []


def test_one_bad_event_stops_the_batch_before_anything_is_done(application: Application, shop: Shop) -> None:
    with pytest.raises(MalformedEvent):
        application.drive([recorded(1), recorded(2, data='{"order": "two"}')])

    assert shop.calls == []


@pytest.mark.parametrize("data", ["", "{", "[]", '{"order": "1"}', "{}", '{"order": 1.5}', "null", '"\\ud800"'])
def test_data_of_another_shape_is_malformed_and_says_so(application: Application, data: str) -> None:
    with pytest.raises(MalformedEvent) as refusal:
        application.decode(recorded(1, data=data))

    assert refusal.value.wire_name == "tests.ordered.v1"


def test_a_name_that_nobody_registered_is_unknown(application: Application) -> None:
    with pytest.raises(UnknownEvent) as refusal:
        application.decode(recorded(1, name="tests.ordered.v2"))

    assert refusal.value.wire_name == "tests.ordered.v2"


def test_executing_gives_one_result_per_command_in_order(application: Application) -> None:
    commands = [Envelope(Ship(order=order), CONTEXT) for order in (3, 1, 2)]

    results = application.execute(commands)

    assert [result.order for result in results] == [3, 1, 2]


def test_executing_nothing_asks_nobody() -> None:
    assert list(Application(app_id="test-1").execute([])) == []


def test_a_command_without_a_handler_is_a_mistake_of_the_composition() -> None:
    application = Application(app_id="test-1")

    with pytest.raises(NoHandler, match="Ship"):
        application.execute([Envelope(Ship(order=1), CONTEXT)])


def test_a_handler_that_loses_a_result_is_noticed(application: Application) -> None:
    careless = Application(app_id="test-1")
    careless.add_event(Ordered)
    careless.add_saga(FULFIL)
    careless.add_handler(Ship, lambda _: [])

    with pytest.raises(ValueError, match="zip"):
        careless.drive([recorded(1)])


def test_whatever_is_registered_twice_raises(application: Application, shop: Shop) -> None:
    with pytest.raises(DuplicateRegistration, match="Ship"):
        application.add_handler(Ship, shop.ship)
    with pytest.raises(DuplicateRegistration, match="fulfil"):
        application.add_saga(FULFIL)
    with pytest.raises(DuplicateRegistration, match=r"tests\.ordered\.v1"):
        application.add_event(Ordered)


def test_an_event_without_a_wire_name_cannot_be_read_from_a_log(application: Application) -> None:
    with pytest.raises(RegistrationError, match="Nameless"):
        application.add_event(Nameless)
