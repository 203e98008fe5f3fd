"""What a subscription has failed to receive becomes a letter; handled again, it revises its window."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from cqrs.broker import Broker
from cqrs.broker.dead_letters import listing
from cqrs.delivery.alarm import Thresholds
from cqrs.delivery.ledger import Ledger
from cqrs.delivery.notices import Notices
from cqrs.delivery.scheduler import Scheduler
from cqrs_project.delivery_service import Demonstration
from cqrs_project.services import _broker
from services.delivery import topic
from services.delivery.demo import DemoBehaviour, DemoSwitch
from tests.delivery.recorded import SHORT, run_until_counted, windows
from tests.services.delivery.receiving import receivers
from tests.waiting import wait_until


@pytest.fixture
def broker() -> Iterator[Broker]:
    with _broker(topic.broker) as broker:
        yield broker


def numbers(ledger: Ledger) -> list[tuple[Any, ...]]:
    return [(one["expected"], one["received"], one["late"]) for one in windows(ledger)]


def test_a_letter_that_is_handled_again_revises_its_window(
    client: Client, ledger: Ledger, switch: DemoSwitch, demonstration: Demonstration, broker: Broker
) -> None:
    scheduler = Scheduler(ledger, Notices(ledger, Thresholds()), SHORT)
    switch.set(DemoBehaviour(behaviour="fail"))
    event = client.generic("POST", "/api/v1/users").json()["metadata"]["eventID"]
    wait_until(lambda: listing(broker.store, group=topic.MAILING, topic=topic.TOPIC), "it is a letter")
    wait_until(lambda: receivers(ledger, event) == {"counting"}, "the other one has received it")
    run_until_counted(scheduler, ledger)
    counted = numbers(ledger)

    switch.set(DemoBehaviour(behaviour="receive"))
    answer = client.post("/api/v1/delivery/demo/retry")
    wait_until(lambda: receivers(ledger, event) == {"counting", "mailing"}, "both have received it")
    run_until_counted(scheduler, ledger)

    assert (answer.status_code, answer.json()) == (202, {"retried": 1})
    # Late is also what the other one has received after the count.
    assert [one[:2] for one in counted] == [(2, 1)]
    assert numbers(ledger) == [(2, 2, True)]
