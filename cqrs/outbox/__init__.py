"""A transactional outbox on MongoDB: a record and its event are stored together, and the event is published afterwards.

At-least-once delivery, in order for each aggregate; consumers drop what comes again with an inbox. Works without
Django.
"""

from cqrs.outbox.errors import (
    EventExists,
    EventTooLarge,
    InvalidEvent,
    NoSuchEvent,
    NotFailing,
    NoTransaction,
    OutboxError,
)
from cqrs.outbox.figures import Figures
from cqrs.outbox.inbox import Inbox
from cqrs.outbox.new_event import NewEvent
from cqrs.outbox.notices import Notice, Notices
from cqrs.outbox.outbox import Outbox
from cqrs.outbox.relay import Relay
from cqrs.outbox.retry_job import RetryJob
from cqrs.outbox.settings import OutboxSettings
from cqrs.outbox.stored import Failure, StoredEvent

__all__ = [
    "EventExists",
    "EventTooLarge",
    "Failure",
    "Figures",
    "Inbox",
    "InvalidEvent",
    "NewEvent",
    "NoSuchEvent",
    "NoTransaction",
    "NotFailing",
    "Notice",
    "Notices",
    "Outbox",
    "OutboxError",
    "OutboxSettings",
    "Relay",
    "RetryJob",
    "StoredEvent",
]
