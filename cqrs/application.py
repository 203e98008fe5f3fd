"""The application: what every part has registered, combined once, and the flow between the parts.

The flow is always the same: event → saga → command → handler → event → …, until nobody has anything more to say.
Handlers are batch-native: they get all commands of their type at once and return one result each, in order.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from cqrs.context import Context
from cqrs.conversion import converted, decoded_json
from cqrs.errors import DuplicateRegistration, MalformedEvent, NoHandler, RegistrationError, UnknownEvent
from cqrs.messages import Command, Envelope, Event, Recorded
from cqrs.saga import Saga
from cqrs.upcasting import Upcast, Upcasters

C = TypeVar("C", bound=Command)
Handler = Callable[[Sequence[Envelope[C]]], Sequence[Any]]

# What decoding raises, and what an upcaster does that meets data of another shape.
MALFORMED = (msgspec.MsgspecError, AttributeError, LookupError, TypeError, ValueError)


class Application:
    """Handlers, sagas and event types of all parts. Whatever is registered twice raises."""

    def __init__(self, *, app_id: str) -> None:
        self.app_id = app_id
        self._handlers: dict[type[Command], Handler[Any]] = {}
        self._sagas: dict[str, Saga] = {}
        self._events: dict[str, type[Event]] = {}
        self._upcasters = Upcasters()

    def add_handler(self, command: type[C], handler: Handler[C]) -> None:
        """Let `handler` answer all commands of exactly this type."""
        if command in self._handlers:
            raise DuplicateRegistration(f"the handler of {command.__name__}")
        self._handlers[command] = handler

    def add_saga(self, saga: Saga) -> None:
        """Let `saga` hear every event that flows through here."""
        if saga.name in self._sagas:
            raise DuplicateRegistration(f"the saga {saga.name!r}")
        self._sagas[saga.name] = saga

    def add_event(self, event: type[Event]) -> None:
        """Make an event readable from a log by its wire name."""
        if not event.wire_name:
            raise RegistrationError(f"{event.__name__} has no wire name")
        if event.wire_name in self._events:
            raise DuplicateRegistration(f"the event {event.wire_name}")
        self._events[event.wire_name] = event

    def add_upcaster(self, old: str, new: type[Event], upcast: Upcast) -> None:
        """Lift recorded data of the wire name `old` to the newer event `new` while reading."""
        self._upcasters.add(old, new.wire_name, upcast)

    def execute(self, commands: Sequence[Envelope[C]]) -> Sequence[Any]:
        """Have commands of one type handled together; return one result each, in order.

        Raises NoHandler, and whatever the handler raises.
        """
        if not commands:
            return ()
        command = type(commands[0].message)
        handler = self._handlers.get(command)
        if handler is None:
            raise NoHandler(command.__name__)
        return handler(commands)

    def decode(self, recorded: Recorded) -> Event:
        """Return the typed event. Raises UnknownEvent or MalformedEvent, which belong to this record alone."""
        try:
            if self._upcasters.knows(recorded.name):
                return self._lift(recorded)
            return decoded_json(recorded.data, self._event_type(recorded.name))
        except MALFORMED as error:
            raise MalformedEvent(recorded.name, str(error)) from error

    def drive(self, records: Sequence[Recorded]) -> None:
        """Carry recorded events through the sagas and the handlers of the commands that follow, to the end.

        A failure leaves open which commands took effect: handlers are idempotent, so drive the records again.
        """
        happened = [Envelope(self.decode(record), self._context_of(record)) for record in records]
        while happened:
            commands = [
                Envelope(command, event.context)
                for event in happened
                for saga in self._sagas.values()
                for command in saga.react(event.message)
            ]
            happened = [event for group in _by_type(commands) for event in self._handle(group)]

    def _handle(self, commands: Sequence[Envelope[Command]]) -> list[Envelope[Event]]:
        results = self.execute(commands)
        return [
            Envelope(result, command.context)
            for command, result in zip(commands, results, strict=True)
            if isinstance(result, Event)
        ]

    def _event_type(self, wire_name: str) -> type[Event]:
        event_type = self._events.get(wire_name)
        if event_type is None:
            raise UnknownEvent(wire_name)
        return event_type

    def _lift(self, recorded: Recorded) -> Event:
        name, data = self._upcasters.lift(recorded.name, msgspec.json.decode(recorded.data))
        return converted(data, self._event_type(name))

    def _context_of(self, record: Recorded) -> Context:
        return Context(
            app_id=self.app_id, seed=record.seed, causation_id=str(record.event_id), traceparent=record.traceparent
        )


def _by_type(commands: Sequence[Envelope[Command]]) -> list[list[Envelope[Command]]]:
    groups: dict[type[Command], list[Envelope[Command]]] = {}
    for command in commands:
        groups.setdefault(type(command.message), []).append(command)
    return list(groups.values())
