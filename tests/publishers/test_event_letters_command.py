"""Operators see, retry and discard the events that a service has parked."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from cqrs.publishers.jetstream.listener import Listener
from cqrs.publishers.jetstream.listener_settings import define_listener
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.retry import RetryPolicy
from cqrs.testing.waiting import wait_until
from tests.publishers.conftest import settings_of
from tests.publishers.heard import Heard, publish
from tests.publishers.stream_view import StreamView

Command = Callable[..., str]


@pytest.fixture
def command(stream: str, view: StreamView) -> Iterator[Command]:
    """Runs the command for the service `orders` on the stream of the test."""
    environment = replace(settings.ENVIRONMENT, nats_cluster_id=stream)

    def run(*arguments: Any) -> str:
        printed = StringIO()
        call_command("event_letters", "orders", *map(str, arguments), stdout=printed)
        return printed.getvalue()

    with override_settings(ENVIRONMENT=environment):
        yield run
    view.delete(f"dlq_{stream}_orders")


@pytest.fixture
def healed() -> set[str]:
    """The events that can be handled by now."""
    return set()


@pytest.fixture
def heard(stream: str, publisher: JetStreamPublisher, healed: set[str], command: Command) -> Iterator[Heard]:
    """A listener that has parked `a-1`, and `a-2` behind it."""

    def act(event: Any) -> None:
        if event.event_id == "a-1" and "a-1" not in healed:
            raise ValueError("poison")

    heard = Heard(act)
    jetstream = settings_of(os.environ["NATS_URL"], stream)
    policy = RetryPolicy(max_attempts=1)
    listener = Listener(define_listener(service="orders", jetstream=jetstream, policy=policy), heard)
    listener.start()
    publish(publisher, stream, "a", [1, 2])
    wait_until(lambda: len(listed(command)) == 2, "two are parked")
    yield heard
    listener.stop()


@pytest.mark.usefixtures("heard")
def test_letters_are_listed_with_their_cause_and_shown_without_data_unless_asked(command: Command, stream: str) -> None:
    letters = listed(command)

    table = command("list")
    shown = json.loads(command("show", letters[0]["number"]))
    whole = json.loads(command("show", letters[0]["number"], "--payload"))

    assert [(letter["event_id"], letter["state"]) for letter in letters] == [("a-1", "failed"), ("a-2", "waiting")]
    assert "ValueError: poison" in table
    assert (shown["subject"], shown["error"]) == (f"{stream}.a", "poison")
    assert "payload" not in shown
    assert json.loads(whole["payload"]) == {"version": 1}


def test_a_subject_is_retried(command: Command, heard: Heard, healed: set[str], stream: str) -> None:
    healed.add("a-1")

    printed = command("retry", f"{stream}.a")
    heard.wait_for(2)

    assert printed.startswith("1 subjects")
    assert heard.handled == ["a-1", "a-2"]
    wait_until(lambda: listed(command) == [], "no letter is left")


def test_a_letter_is_discarded_and_what_waited_behind_it_is_handled(command: Command, heard: Heard) -> None:
    command("discard", listed(command)[0]["number"])
    heard.wait_for(1)

    assert heard.handled == ["a-2"]
    with pytest.raises(CommandError, match="has no letter 99"):
        command("discard", 99)


def test_without_letters_that_is_said(command: Command) -> None:
    assert command("list") == "nothing is parked\n"
    assert command("retry", "--all").startswith("0 subjects")


def listed(command: Command) -> list[dict[str, Any]]:
    return [json.loads(line) for line in command("list", "--json").splitlines()]
