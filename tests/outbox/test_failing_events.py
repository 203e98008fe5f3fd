"""Events that their destination refuses: counted, tried again, given up; and nobody else is held back by them."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from cqrs.outbox import Outbox, OutboxSettings, Relay, RetryJob
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.retry import RetryPolicy
from cqrs.testing.drain import drain
from cqrs.testing.waiting import wait_until
from tests.outbox.destination import Destination
from tests.outbox.tickets import Tickets, event_of, key_of


def is_version(ticket: str, sequence: int) -> Callable[[OutgoingEvent], bool]:
    return lambda event: (event.ordering_key, event.sequence) == (key_of(ticket), sequence)


def retry_until(job: RetryJob, condition: Callable[[], object], what: str) -> None:
    def is_so() -> object:
        job.once()
        return condition()

    wait_until(is_so, what)


def test_a_failure_is_recorded_and_unlocks_the_event(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save_many(tickets=1, versions=1)
    destination.refuses = is_version("0", 1)

    drain(Relay(outbox, destination, takes="fresh", worker="relay-1").step)

    (event,) = tickets.waiting
    (failure,) = event["failures"]
    pause = event["nextAttemptAt"] - failure.pop("at")
    assert failure == {"error": "no", "type": "refused", "attempt": 1, "worker": "relay-1"}
    assert (event["isLocked"], event["lockOwner"], event["lockToken"], event["attempts"]) == (False, None, None, 1)
    assert pause == timedelta(seconds=0.1)


def test_a_failed_event_holds_back_its_own_ticket_only(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save_many(tickets=3, versions=4)
    destination.refuses = is_version("1", 2)

    drain(Relay(outbox, destination, takes="fresh").step)

    assert destination.sequences == {key_of("0"): [1, 2, 3, 4], key_of("1"): [1], key_of("2"): [1, 2, 3, 4]}
    assert [event["isLocked"] for event in tickets.waiting] == [False, True, True]


def test_later_events_of_a_failing_ticket_wait_too(outbox: Outbox, tickets: Tickets, destination: Destination) -> None:
    tickets.save_many(tickets=1, versions=1)
    destination.refuses = is_version("0", 1)
    relay = Relay(outbox, destination, takes="fresh")
    drain(relay.step)
    tickets.save(event_of("0", 2), event_of("0", 3))

    drain(relay.step)

    assert destination.sequences == {}


def test_a_retry_job_publishes_it_once_it_is_taken_and_then_the_others(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save_many(tickets=2, versions=3)
    destination.refuses = is_version("1", 1)
    drain(Relay(outbox, destination, takes="fresh").step)
    destination.refuses = lambda _: False

    retry_until(RetryJob(outbox, destination), lambda: not tickets.waiting, "all are published")

    assert destination.sequences == {key_of("0"): [1, 2, 3], key_of("1"): [1, 2, 3]}


def test_nothing_is_tried_again_before_it_is_due(database: Any, tickets: Tickets, destination: Destination) -> None:
    outbox = Outbox(database, settings=OutboxSettings(retry=RetryPolicy(max_attempts=3, base=600, cap=600)))
    tickets.save_many(tickets=1, versions=1)
    destination.refuses = is_version("0", 1)
    drain(Relay(outbox, destination, takes="fresh").step)

    RetryJob(outbox, destination).once()

    assert len(destination.calls) == 1


def test_after_its_last_attempt_an_event_is_parked_with_one_error_in_the_log(
    outbox: Outbox, tickets: Tickets, destination: Destination, caplog: pytest.LogCaptureFixture
) -> None:
    tickets.save_many(tickets=2, versions=2)
    destination.refuses = is_version("0", 1)
    drain(Relay(outbox, destination, takes="fresh").step)
    job = RetryJob(outbox, destination)

    with caplog.at_level(logging.WARNING):
        retry_until(job, lambda: tickets.waiting[0]["parkedAt"], "it is parked")
        job.once()

    parked, behind = tickets.waiting
    assert [failure["attempt"] for failure in parked["failures"]] == [1, 2, 3]
    assert (parked["attempts"], behind["attempts"]) == (3, 0)
    assert len(destination.calls) == 3, "each attempt was one"
    (error,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (error.message, error.event_id) == ("event parked", parked["_id"])  # type: ignore[attr-defined]  # a field


def test_an_event_that_the_publisher_stumbles_over_fails_alone(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save_many(tickets=3, versions=2)

    def stumble(events: Any) -> None:
        if any(is_version("1", 1)(event) for event in events):
            raise KeyError("title")

    destination.before = stumble

    drain(Relay(outbox, destination, takes="fresh").step)

    (failed, behind) = tickets.waiting
    assert destination.sequences == {key_of("0"): [1, 2], key_of("2"): [1, 2]}
    assert (failed["failures"][0]["type"], failed["attempts"], behind["attempts"]) == ("KeyError", 1, 0)


def test_a_broken_publisher_ends_the_relay_and_leaves_the_events(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save_many(tickets=2, versions=2)

    class Silent(Destination):
        def publish(self, events: Any, *, seconds: float = 0) -> Any:  # noqa: ARG002 - the signature of the port
            return []

    with pytest.raises(ValueError, match="zip"):
        Relay(outbox, Silent(tickets.records.database), takes="fresh").step()

    assert [event["attempts"] for event in tickets.waiting] == [0, 0, 0, 0]
    drain(Relay(outbox, destination, takes="fresh").step)
    assert destination.sequences == {key_of("0"): [1, 2], key_of("1"): [1, 2]}


def test_what_was_done_is_counted(outbox: Outbox, tickets: Tickets, destination: Destination) -> None:
    tickets.save_many(tickets=3, versions=2)
    destination.refuses = is_version("1", 1)
    drain(Relay(outbox, destination, takes="fresh").step)
    retry_until(RetryJob(outbox, destination), lambda: tickets.waiting[0]["parkedAt"], "it is parked")

    def counted(what: str) -> float | None:
        return REGISTRY.get_sample_value(f"cqrs_outbox_{what}_total", {"outbox": outbox.queue.full_name})

    assert counted("published_events") == 4
    assert counted("duplicate_events") == 0
    assert counted("failed_attempts") == 3
    assert counted("given_up_events") == 1
