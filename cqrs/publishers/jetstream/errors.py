"""What can go wrong with JetStream. That NATS cannot be reached or can take nothing is `cqrs.errors.Unavailable`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import nats.errors

from cqrs.errors import CqrsError, Unavailable

STORE = "nats"


class JetStreamError(CqrsError):
    """The root of the errors of this package."""


class InvalidSettings(JetStreamError):
    """Settings cannot hold; `mistakes` names everything that is wrong with them, a sentence each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(self.mistakes))


class Closed(JetStreamError):
    """The link to NATS was closed by its owner and is used all the same."""

    def __init__(self) -> None:
        super().__init__("the link to NATS is closed")


class RefusedByServer(JetStreamError):
    """The server understood a request and will not do it; `code` is JetStream's own number of the error."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"JetStream refuses ({code}): {reason}")


@contextmanager
def translated() -> Iterator[None]:
    """Raise the driver's errors as Unavailable: what an event is to blame for is found before the driver sees it."""
    try:
        yield
    except (nats.errors.Error, OSError, TimeoutError) as error:
        raise Unavailable(STORE) from error
