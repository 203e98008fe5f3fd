"""Settings of a stream are checked as a whole, and a stream that is there is compared, never changed in silence."""

import logging
import os
import socket
from typing import Any

import msgspec
import pytest

from cqrs.publishers.jetstream.errors import InvalidSettings
from cqrs.publishers.jetstream.link import Link
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.jetstream.settings import JetStreamSettings, StreamSettings, define_jetstream
from cqrs.publishers.jetstream.stream import change_stream, ensure_stream
from tests.publishers.conftest import NewPublisher
from tests.publishers.stream_view import StreamView

URL = "nats://127.0.0.1:4222"


def test_without_more_the_stream_is_called_ticketing_and_the_process_host_and_pid() -> None:
    settings = define_jetstream(url=URL, subjects=["tickets.*"])

    assert settings.stream.name == "ticketing"
    assert settings.client_id == f"{socket.gethostname()}-{os.getpid()}"


def test_every_mistake_is_named_at_once_and_no_password_with_it() -> None:
    with pytest.raises(InvalidSettings) as raised:
        define_jetstream(
            url="nats://me:hidden@/,http://you:hidden@host",
            subjects=["tickets.>.x"],
            cluster_id="my stream",
            client_id="a b",
            replicas=2,
            max_age=0,
            window=0,
        )

    assert len(raised.value.mistakes) == 9
    assert "hidden" not in str(raised.value)


def test_settings_do_not_show_passwords() -> None:
    settings = define_jetstream(url="nats://me:hidden@host:4222", subjects=["tickets.*"])

    assert "hidden" not in repr(settings)


def test_a_stream_is_made_with_file_storage_and_every_limit(
    publisher: JetStreamPublisher, settings: JetStreamSettings, view: StreamView
) -> None:
    differences = publisher.prepare()

    found = view.ask(f"STREAM.INFO.{settings.stream.name}")["config"]
    assert differences == []
    assert (
        found.items()
        >= {
            "storage": "file",
            "discard": "new",
            "retention": "limits",
            "num_replicas": 1,
            "max_bytes": 10_000_000,
            "max_msgs": 10_000_000,
            "max_msg_size": 1_000_000,
            "max_age": 7 * 86_400 * 10**9,
            "duplicate_window": 120 * 10**9,
        }.items()
    )


def test_a_stream_that_differs_is_reported_and_stays_as_it_is(
    publisher: JetStreamPublisher,
    settings: JetStreamSettings,
    new_publisher: NewPublisher,
    view: StreamView,
    caplog: pytest.LogCaptureFixture,
) -> None:
    publisher.prepare()
    other = changed(settings, max_messages=5, duplicate_window=60.0)

    with caplog.at_level(logging.WARNING):
        differences = new_publisher(other).prepare()

    assert differences == ["max_msgs is 10000000, not 5", "duplicate_window is 120000000000, not 60000000000"]
    assert "stream differs from its settings" in caplog.messages
    assert view.ask(f"STREAM.INFO.{settings.stream.name}")["config"]["max_msgs"] == 10_000_000


def test_a_stream_is_changed_where_that_is_asked_for(
    publisher: JetStreamPublisher, settings: JetStreamSettings
) -> None:
    publisher.prepare()
    other = changed(settings, max_messages=5)
    link = Link(other.servers, name="operator")

    try:
        done = link.call(lambda client: change_stream(client, other.stream), seconds=10)
        left = link.call(lambda client: ensure_stream(client, other.stream), seconds=10)
    finally:
        link.close()

    assert done == ["max_msgs is 10000000, not 5"]
    assert left == []


def changed(settings: JetStreamSettings, **others: Any) -> JetStreamSettings:
    stream: StreamSettings = msgspec.structs.replace(settings.stream, **others)
    return msgspec.structs.replace(settings, stream=stream)
