"""Tracking of what goes over NATS, put together: outboxes and listeners, where that is switched on."""

from collections.abc import Sequence
from functools import partial

from django.conf import settings

from cqrs.delivery.outgoing_tracking import OutgoingTracking
from cqrs.delivery.recording import Recording
from cqrs.delivery.subscriptions import Subscriptions
from cqrs.delivery.tracked_listener import TrackedListener
from cqrs.delivery.tracked_publisher import TrackedPublisher
from cqrs.publishers.jetstream.interceptor import ListenerInterceptor
from cqrs.publishers.jetstream.listener_settings import ListenerSettings
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.jetstream.settings import JetStreamSettings
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Publisher
from cqrs_project.ledger import ledger
from cqrs_project.listening import BeforeListening


def new_publisher(stream: JetStreamSettings) -> Publisher:
    """Return a publisher to the stream, tracked where that is switched on."""
    publisher = JetStreamPublisher(stream)
    return TrackedPublisher(publisher, _outgoing(stream)) if _is_on() else publisher


def record_failed(stream: JetStreamSettings, events: Sequence[OutgoingEvent]) -> None:
    """Record events for the stream that are given up, where tracking is switched on. Raises Unavailable."""
    if _is_on():
        _outgoing(stream).failed(events)


def interceptors(stream: JetStreamSettings) -> Sequence[ListenerInterceptor]:
    """Return what records the events that a listener has handled; nothing where that is switched off."""
    return (TrackedListener(Recording(ledger()), stream.stream),) if _is_on() else ()


def registration(listener: ListenerSettings) -> BeforeListening | None:
    """Return what has the listener expected to receive events; None where nobody counts."""
    return partial(subscriptions(listener.jetstream).register, listener) if _is_on() else None


def subscriptions(stream: JetStreamSettings) -> Subscriptions:
    """Return who listens to the stream."""
    return Subscriptions(ledger(), stream.stream)


def _is_on() -> bool:
    is_on: bool = settings.ENVIRONMENT.delivery.nats
    return is_on


def _outgoing(stream: JetStreamSettings) -> OutgoingTracking:
    return OutgoingTracking(Recording(ledger()), subscriptions(stream), stream.stream)
