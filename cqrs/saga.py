"""Sagas: processes that listen to events and answer with commands.

A saga is pure. It reaches no store, keeps no clock and remembers nothing between two events, so that a replay leads to
the same commands; all that it knows stands in the event. The form is that of commanded's process managers.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from cqrs.messages import Command, Event

Reaction = Callable[[Any], Iterable[Command]]


class Saga(msgspec.Struct, frozen=True, kw_only=True):
    """A named process: for each type of event, the plain function that says which commands follow."""

    name: str
    reactions: Mapping[type[Event], Reaction]

    def react(self, event: Event) -> tuple[Command, ...]:
        """Return the commands that follow from `event`, none where the saga does not care."""
        reaction = self.reactions.get(type(event))
        return tuple(reaction(event)) if reaction else ()
