"""What the relays and retry jobs of this process have done, for Prometheus."""

from typing import Final

from prometheus_client import Counter

PUBLISHED: Final = Counter("cqrs_outbox_published_events", "Events that were published and deleted.", ["outbox"])
DUPLICATES: Final = Counter(
    "cqrs_outbox_duplicate_events", "Published events that the destination had already.", ["outbox"]
)
FAILURES: Final = Counter("cqrs_outbox_failed_attempts", "Attempts that failed by the event's own fault.", ["outbox"])
PARKED: Final = Counter("cqrs_outbox_given_up_events", "Events that were parked after their last attempt.", ["outbox"])
