"""What follows when state events were appended, by whichever statement."""

from collections import Counter
from collections.abc import Sequence

from django.db import transaction

from cqrs.eventlog.event_rows import NewEvent
from cqrs.eventlog.observation import tell_after_commit
from cqrs.eventlog.wakeup import hint


def states_appended(events: Sequence[NewEvent]) -> None:
    """Tell the observers and wake the subscriptions, when the transaction has been committed."""
    if events:
        tell_after_commit(Counter(event.stage for event in events))
        transaction.on_commit(hint, robust=True)
