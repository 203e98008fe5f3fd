"""What a process has one of: the composition root opens it, and whoever serves a request asks for it."""

from typing import Generic, TypeVar

from cqrs.errors import RegistrationError

T = TypeVar("T")


class NotOpened(RegistrationError):
    """It was asked for before the composition root has opened it; `name` says what."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the {name} is not open: open it before the first request")


class Opened(Generic[T]):
    """The one of this process, which is called to get it; `name` is what the error calls it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._one: T | None = None

    def open(self, one: T) -> None:
        """Say which one it is; the composition root does so once, before the first request."""
        self._one = one

    def __call__(self) -> T:
        """Return the one that was opened. Raises NotOpened."""
        if self._one is None:
            raise NotOpened(self._name)
        return self._one
