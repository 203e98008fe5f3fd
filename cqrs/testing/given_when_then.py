"""Given, when, then: sagas tested without a store.

    given(PROJECT_USERS).when(UserDeleted(…)).then(RemoveUserDocument(…))
    given(PROJECT_USERS).when(SomethingElse(…)).then_nothing()

A saga remembers nothing, so all that is given is which ones are listening.
"""

from cqrs.messages import Command, Event
from cqrs.saga import Saga


def given(*sagas: Saga) -> "Given":
    """Begin with these sagas listening."""
    return Given(sagas)


class Given:
    """Sagas that wait for something to happen."""

    def __init__(self, sagas: tuple[Saga, ...]) -> None:
        self._sagas = sagas

    def when(self, *events: Event) -> "When":
        """Let the events happen, one after the other."""
        return When(tuple(command for event in events for saga in self._sagas for command in saga.react(event)))


class When:
    """What the sagas ask for after all that has happened."""

    def __init__(self, commands: tuple[Command, ...]) -> None:
        self.commands = commands

    def then(self, *expected: Command) -> None:
        """Assert that exactly these commands follow, in this order."""
        assert self.commands == expected, f"expected {expected}, but these follow: {self.commands}"

    def then_nothing(self) -> None:
        """Assert that no command follows."""
        self.then()
