"""Changes that fail, and the dead letters that become of them."""

from typing import Any

from cqrs.changefeed import Change, ChangeFeeds, letters
from cqrs.changefeed.letters import change_of_letter
from cqrs.testing.waiting import wait_until
from tests.changefeed.delivered import NAME


class Failing:
    """Fails for documents as often as is said, and remembers every attempt."""

    def __init__(self, **bad: int) -> None:
        self.bad = bad
        self.attempts: list[Any] = []

    def __call__(self, change: Change) -> None:
        self.attempts.append(change.document_id)
        if self.bad.get(change.document_id, 0) > 0:
            self.bad[change.document_id] -= 1
            raise ValueError(f"cannot take {change.document_id}")


def parked(feeds: ChangeFeeds) -> list[tuple[str, str, str]]:
    """Return key, operation and state of the letters, in order."""
    found = letters.listing(feeds.store, NAME)
    return [(one.record.message.key or "", change_of_letter(one).operation, one.state) for one in found]


def wait_for_letters(feeds: ChangeFeeds, number: int) -> None:
    wait_until(lambda: len(parked(feeds)) == number, f"{number} letters are there")
