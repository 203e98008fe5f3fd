"""The users' events for other systems: a subscription of the event log that publishes to a stream of its own.

It has its own checkpoint, so an outage of NATS delays it and nothing else; and a stream of its own, so that many users
never take the room of the services' events.
"""

from collections.abc import Sequence
from functools import partial

from cqrs.errors import RecordError
from cqrs.eventlog.subscription import Subscription
from cqrs.messages import Recorded
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.jetstream.settings import JetStreamSettings
from cqrs.publishers.publisher import Publisher, Refused, Withheld
from cqrs.worker import Worker
from cqrs_project.metrics import observe_batch, register_lag
from cqrs_project.nats import jetstream
from cqrs_project.reading import Reading
from cqrs_project.user_cloud_event import SUBJECTS, user_cloud_event
from users_command.events import AGGREGATE_TYPE

NAME = "users-publisher"
SUBSCRIPTION = "users-published"
# A transaction is open meanwhile: few enough that even a slow server takes them within what that may last.
BATCH = 200


class NotPublished(RecordError):
    """The stream will not take an event; `code` says why."""

    def __init__(self, event_id: str, refused: Refused) -> None:
        self.event_id = event_id
        self.code = refused.code
        super().__init__(f"event {event_id} was refused ({refused.code}): {refused.error}")


def publishing_users(publisher: Publisher) -> Reading:
    """Return the work that publishes users through `publisher`, which it closes in the end."""
    subscription = Subscription(
        SUBSCRIPTION,
        aggregate_type=AGGREGATE_TYPE,
        handle=partial(_publish, publisher),
        batch_size=BATCH,
        observe=observe_batch,
    )
    return Reading(subscription, stopped=publisher.close)


def users_stream() -> JetStreamSettings:
    """Return the stream of the users' events, named after NATS_CLUSTER_ID. Raises InvalidEnvironment."""
    return jetstream(subjects=SUBJECTS, suffix="-users")


def users_publisher() -> Worker:
    """Return the worker that publishes users; its process also measures how far it is behind."""
    register_lag(SUBSCRIPTION, AGGREGATE_TYPE)
    return Worker(NAME, publishing_users(JetStreamPublisher(users_stream())))


def _publish(publisher: Publisher, events: Sequence[Recorded]) -> None:
    left = [user_cloud_event(event) for event in events]
    while left:
        outcomes = list(zip(left, publisher.publish(left), strict=True))
        for event, outcome in outcomes:
            if isinstance(outcome, Refused):
                raise NotPublished(event.event_id, outcome)
        left = [event for event, outcome in outcomes if isinstance(outcome, Withheld)]
