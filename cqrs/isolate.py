"""Finding the poison in a batch: halve it until what fails stands alone, and holds back only itself."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from cqrs.errors import RegistrationError, Unavailable

T = TypeVar("T")


def isolate(items: Sequence[T], attempt: Callable[[Sequence[T]], None]) -> list[tuple[T, Exception]]:
    """Run `attempt` over all items and return those that fail on their own, each with its error.

    `attempt` must be all or nothing for what it is given, and repeatable. A batch of n with k bad items costs about
    k·log₂(n) further attempts. Unavailable and RegistrationError pass through: they say nothing about the items.
    """
    if not items:
        return []
    try:
        attempt(items)
    except (Unavailable, RegistrationError):
        raise
    except Exception as error:  # noqa: BLE001 - any other failure is held against the item that causes it
        if len(items) == 1:
            return [(items[0], error)]
        middle = len(items) // 2
        return isolate(items[:middle], attempt) + isolate(items[middle:], attempt)
    return []
