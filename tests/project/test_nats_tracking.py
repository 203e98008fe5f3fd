"""Tracking of NATS is put together where it is switched on, and costs nothing where it is not."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.conf import settings
from django.test import override_settings

from cqrs.delivery.tracked_listener import TrackedListener
from cqrs.delivery.tracked_publisher import TrackedPublisher
from cqrs.errors import Unavailable
from cqrs.publishers.jetstream.listener import Listener
from cqrs.publishers.jetstream.listener_settings import define_listener
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs_project import nats_tracking
from cqrs_project.listening import Listening
from cqrs_project.nats import jetstream
from tests.free_ports import free_port
from tests.publishers.conftest import settings_of


def switched(on: bool) -> override_settings:
    environment = settings.ENVIRONMENT
    return override_settings(ENVIRONMENT=replace(environment, delivery=replace(environment.delivery, nats=on)))


@pytest.mark.parametrize(("on", "publisher"), [(False, JetStreamPublisher), (True, TrackedPublisher)])
def test_publishers_and_listeners_are_tracked_where_that_is_asked_for(on: bool, publisher: type) -> None:
    listening = define_listener(service="orders", jetstream=jetstream())

    with switched(on):
        made = nats_tracking.new_publisher(jetstream())
        interceptors = nats_tracking.interceptors(jetstream())
        registration = nats_tracking.registration(listening)

    made.close()
    assert type(made) is publisher
    assert [type(one) for one in interceptors] == ([TrackedListener] if on else [])
    assert (registration is not None) == on


def test_a_listener_starts_once_what_comes_before_it_has_succeeded() -> None:
    outages = [Unavailable("mongodb")]
    called: list[Callable[[], None]] = []

    def register() -> None:
        called.append(register)
        if outages:
            raise outages.pop()

    # It starts wherever NATS is.
    away = settings_of(f"nats://127.0.0.1:{free_port()}", "away")
    listener = Listener(define_listener(service="orders", jetstream=away), lambda _: None)
    listening = Listening("orders", listener, register)

    with pytest.raises(Unavailable):
        listening.step()
    before = listener.is_running
    listening.step()
    after = listener.is_running
    listening.step()
    listening.close()

    assert (before, after, len(called)) == (False, True, 2)
