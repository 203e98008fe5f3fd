"""What all workers of one consumer share."""

import threading

import msgspec

from cqrs.broker.config import ConsumerConfig
from cqrs.broker.failing import ErrorHandler
from cqrs.broker.handling import Handling
from cqrs.broker.lease import Lease
from cqrs.broker.logs import Log
from cqrs.broker.store import Store


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """Where a consumer's records are, how they are handled, and whether they may be handled now."""

    store: Store
    config: ConsumerConfig
    handling: Handling
    on_error: ErrorHandler | None
    lease: Lease
    paused: threading.Event
    log: Log
