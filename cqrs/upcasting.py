"""Upcasting: old versions of an event are lifted to the newest while they are read, never rewritten in the log."""

from collections.abc import Callable
from typing import Any

from cqrs.errors import DuplicateRegistration, RegistrationError

Data = dict[str, Any]
Upcast = Callable[[Data], Data]


class Upcasters:
    """The steps from each old wire name to the next; chains are followed to their end."""

    def __init__(self) -> None:
        self._steps: dict[str, tuple[str, Upcast]] = {}

    def add(self, old: str, new: str, upcast: Upcast) -> None:
        """Register the step from `old` to `new`.

        `upcast` gets the decoded data of the old version and returns that of the new one.
        Raises DuplicateRegistration for a second step from `old`, RegistrationError where the chain would be a ring.
        """
        if old in self._steps:
            raise DuplicateRegistration(f"the upcaster from {old}")
        if old in {new, *self._chain(new)}:
            raise RegistrationError(f"the upcaster from {old} to {new} closes a ring")
        self._steps[old] = (new, upcast)

    def knows(self, name: str) -> bool:
        """Say whether data under `name` must be lifted before it can be used."""
        return name in self._steps

    def lift(self, name: str, data: Data) -> tuple[str, Data]:
        """Return the newest wire name that is reachable from `name`, and the data in its shape."""
        while name in self._steps:
            name, upcast = self._steps[name]
            data = upcast(data)
        return name, data

    def _chain(self, name: str) -> list[str]:
        names = []
        while name in self._steps:
            name = self._steps[name][0]
            names.append(name)
        return names
