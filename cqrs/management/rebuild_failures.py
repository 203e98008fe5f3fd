"""Events that a rebuild could not project, and whether somebody has agreed to leave them out."""

from collections.abc import Sequence

from cqrs.errors import CqrsError
from cqrs.eventlog import dead_letters
from cqrs.eventlog.dead_letters import DeadLetter

SHOWN = 10


class FailuresNotAccepted(CqrsError):
    """More events could not be projected than were accepted. `letters` holds the first of them."""

    def __init__(self, failures: int, accepted: int, letters: Sequence[DeadLetter]) -> None:
        self.failures = failures
        self.letters = letters
        lines = [
            f"  {letter.position} {letter.name} of {letter.aggregate_id}: {letter.error_type}: {letter.error}"
            for letter in letters
        ]
        if failures > len(letters):
            lines.append(f"  and {failures - len(letters)} more")
        summary = f"{failures} events cannot be projected, {accepted} were accepted; the documents stay as they were:"
        choice = f"to swap without them, say --accept-failures {failures}"
        super().__init__("\n".join([summary, *lines, choice]))


def require_accepted(subscription: str, accepted: int) -> int:
    """Return how many events the subscription has given up. Raises FailuresNotAccepted where that is too many."""
    failures = dead_letters.counts(subscription).get("dead", 0)
    if failures > accepted:
        letters = dead_letters.listing(subscription, state="dead", limit=SHOWN)
        raise FailuresNotAccepted(failures, accepted, letters)
    return failures
