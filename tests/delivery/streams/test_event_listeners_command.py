"""Operators see who is expected to receive events from NATS, and remove who is no longer in use."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

from cqrs.delivery.ledger import Ledger
from cqrs.publishers.jetstream.listener_settings import define_listener
from cqrs_project.nats import jetstream
from cqrs_project.nats_tracking import subscriptions
from users_query.mongodb import database

Command = Callable[..., str]


@pytest.fixture
def command() -> Iterator[Command]:
    """Runs the command for a stream of the test's own, which `orders` and `billing` listen to."""
    with override_settings(ENVIRONMENT=replace(settings.ENVIRONMENT, nats_cluster_id=f"test_{uuid4().hex[:12]}")):
        Ledger(database()).prepare()
        for service in ("orders", "billing"):
            subscriptions(jetstream()).register(define_listener(service=service, jetstream=jetstream()))
        yield run


def run(*arguments: Any) -> str:
    printed = StringIO()
    call_command("event_listeners", *arguments, stdout=printed)
    return printed.getvalue()


def test_listeners_are_listed_with_their_subjects(command: Command) -> None:
    lines = command("list").splitlines()

    assert [line.partition(", since ")[0] for line in lines] == ["billing: tickets.*", "orders: tickets.*"]


def test_one_that_is_removed_is_expected_no_more(command: Command) -> None:
    said = command("remove", "billing")
    again = command("remove", "billing")

    assert said == "billing is not expected to receive anything any more\n"
    assert again == "billing was not expected to receive anything\n"
    assert [line.partition(":")[0] for line in command("list").splitlines()] == ["orders"]
