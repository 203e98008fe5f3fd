"""Which groups are to receive what is published now, without asking for each message."""

import time

from cqrs.broker.store import Store
from cqrs.broker.subscriptions import groups_of

# Who publishes much asks twenty times a second instead of some hundred times; nobody subscribes to the millisecond.
KNOWN_SECONDS = 0.05


class Readers:
    """The groups of topics as they were at most `KNOWN_SECONDS` ago. For any thread."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, tuple[str, ...]]] = {}

    def of(self, topic: str, store: Store) -> tuple[str, ...]:
        """Return the groups that read the topic. Raises Unavailable."""
        asked = time.monotonic()
        known = self._known.get(topic)
        if known is not None and asked - known[0] < KNOWN_SECONDS:
            return known[1]
        # Not in the sender's transaction, which may have begun long ago and sees what was then.
        groups = groups_of(store, topic)
        self._known[topic] = asked, groups
        return groups
