"""Publishing to a topic of the broker: an event is a message under its ordering key, sent under its id."""

import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from cqrs.broker import (
    Broker,
    IdempotencyConflict,
    InvalidIdempotencyKey,
    InvalidMessage,
    Message,
    MessageTooLarge,
    UnknownTopic,
    define_producer,
)
from cqrs.broker.message import EVENT_ID, EVENT_TYPE
from cqrs.errors import Unavailable
from cqrs.publishers.lines import lines_of
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Outcome, Published, Refused, Withheld, is_any_known

STORE = "mongodb"
SUBJECT = "subject"
SEQUENCE = "sequence"
# Sends at the same moment share a transaction: so many at once cost little more than one.
AT_ONCE = 32


class BrokerPublisher:
    """Publishes to one topic, which has to be there; a `cqrs.publishers.publisher.Publisher`.

    The event's id is the idempotency key: a repetition within 24 hours is stored once. The broker does not say which
    call stored it, so `Published.duplicate` is never set. The caller connects the broker and disconnects it.
    """

    def __init__(self, broker: Broker, topic: str) -> None:
        self._producer = broker.create_producer(define_producer(topic=topic, partition_strategy="key-based"))
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="broker-publisher")

    def publish(self, events: Sequence[OutgoingEvent], *, seconds: float = math.inf) -> Sequence[Outcome]:
        """Publish the events; see the port."""
        until = time.monotonic() + seconds
        outcomes: list[Outcome] = [Withheld()] * len(events)
        sending = [self._threads.submit(self._send_all, events, line, outcomes, until) for line in lines_of(events)]
        # All of them, so that nothing of this call goes on behind the next one.
        wait(sending)
        for error in filter(None, (sent.exception() for sent in sending)):
            if not isinstance(error, Unavailable) or not is_any_known(outcomes):
                raise error
        return outcomes

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _send_all(
        self, events: Sequence[OutgoingEvent], line: Sequence[int], outcomes: list[Outcome], until: float
    ) -> None:
        for place in line:
            if time.monotonic() >= until:
                return
            outcomes[place] = self._send(events[place])
            if not isinstance(outcomes[place], Published):
                return

    def _send(self, event: OutgoingEvent) -> Outcome:
        try:
            self._producer.send(_message_of(event), idempotency_key=event.event_id)
        except MessageTooLarge as error:
            return Refused(code="too_large", error=error.reason)
        except InvalidMessage as error:
            return Refused(code="invalid_message", error=error.reason)
        except InvalidIdempotencyKey as error:
            return Refused(code="bad_id", error=str(error))
        except IdempotencyConflict as error:
            return Refused(code="id_in_use", error=str(error))
        except UnknownTopic as error:
            raise Unavailable(STORE) from error
        return Published()


def _message_of(event: OutgoingEvent) -> Message:
    headers = {**event.headers, EVENT_ID: event.event_id, EVENT_TYPE: event.event_type, SUBJECT: event.subject}
    if event.sequence is not None:
        headers[SEQUENCE] = str(event.sequence)
    return Message(value=event.data, key=event.ordering_key, timestamp=event.created_at, headers=headers)
