"""Who may publish an event, and for how long: by leases at the server's time, told apart by their tokens."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from pymongo.database import Database

from cqrs.outbox import Outbox, Relay, RetryJob
from cqrs.outbox.claiming import Claim, Claiming, Takes
from cqrs.outbox.settling import Failed, Settling
from cqrs.testing.drain import drain
from cqrs.testing.waiting import wait_until
from tests.outbox.destination import Destination
from tests.outbox.tickets import AT_ONCE, Tickets, event_of, key_of

LIMIT = 100


@pytest.fixture
def claiming(outbox: Outbox) -> Callable[..., Claiming]:
    def claiming(owner: str, takes: Takes = "fresh") -> Claiming:
        return Claiming(outbox.queue, Settling(outbox.queue, worker=owner), owner=owner, takes=takes)

    return claiming


def claimed(claim: Claim | None) -> dict[str, list[int]]:
    """By ordering key the sequences in a claim."""
    runs = [] if claim is None else claim.runs
    return {run[0]["orderingKey"]: [event["aggregate"]["sequence"] for event in run] for run in runs}


def let_leases_run_out(outbox: Outbox) -> None:
    outbox.queue.events.update_many({}, [{"$set": {"lockedUntil": {"$subtract": ["$$NOW", 1]}}}])


def test_a_claim_names_its_owner_and_ends_after_the_lease(claiming: Callable[..., Claiming], tickets: Tickets) -> None:
    tickets.save(event_of("a", 1))

    claim = claiming("one").next(LIMIT)

    assert claim is not None
    (event,) = tickets.waiting
    assert (event["isLocked"], event["lockOwner"], event["lockToken"]) == (True, "one", claim.token)
    assert timedelta(seconds=10) <= event["lockedUntil"] - event["createdAt"] < timedelta(seconds=60)


def test_nobody_else_gets_a_claimed_ticket(claiming: Callable[..., Claiming], tickets: Tickets) -> None:
    tickets.save_many(tickets=2, versions=3)
    claiming("one").next(LIMIT)
    tickets.save(event_of("0", 4), event_of("new", 1))

    second = claiming("two").next(LIMIT)

    assert claimed(second) == {key_of("new"): [1]}


def test_concurrent_claims_share_no_event_and_break_no_run(
    claiming: Callable[..., Claiming], outbox: Outbox, tickets: Tickets
) -> None:
    tickets.save_many(tickets=40, versions=5)
    claimers = [claiming(str(number)) for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda claimer: claimer.next(LIMIT), claimers))

    taken = [key for claim in claims for key in claimed(claim)]
    held = outbox.queue.events.count_documents({"lockToken": {"$ne": None}})
    assert len(taken) == len(set(taken)), "a ticket is with one of them"
    assert all(run == list(range(1, len(run) + 1)) for claim in claims for run in claimed(claim).values())
    assert held == sum(len(run) for claim in claims for run in claimed(claim).values()), "the rest was given back"


def test_a_run_that_another_has_begun_is_given_back(
    claiming: Callable[..., Claiming], outbox: Outbox, tickets: Tickets
) -> None:
    tickets.save_many(tickets=1, versions=3)
    late = claiming("late")
    runs_from = late._runs_from

    def overtaken(heads: Sequence[dict[str, Any]], limit: int) -> list[list[str]]:
        runs = runs_from(heads, limit)
        outbox.queue.events.delete_one({"aggregate.sequence": 1})
        return runs

    late._runs_from = overtaken  # type: ignore[method-assign]  # between its two steps the other one is done

    claim = late.next(LIMIT)

    assert claim is None
    assert [(event["lockOwner"], event["isLocked"]) for event in tickets.waiting] == [(None, True)] * 2


def test_what_ran_out_is_the_retry_jobs(claiming: Callable[..., Claiming], outbox: Outbox, tickets: Tickets) -> None:
    tickets.save_many(tickets=1, versions=2)
    claiming("dead").next(LIMIT)
    let_leases_run_out(outbox)

    assert claiming("relay").next(LIMIT) is None
    assert claimed(claiming("retry", "overdue").next(LIMIT)) == {key_of("0"): [1, 2]}


def test_new_events_that_no_relay_takes_are_the_retry_jobs_in_the_end(
    claiming: Callable[..., Claiming], outbox: Outbox, tickets: Tickets
) -> None:
    tickets.save(event_of("a", 1))
    let_leases_run_out(outbox)

    assert claimed(claiming("retry", "overdue").next(LIMIT)) == {key_of("a"): [1]}


def test_a_zombie_changes_nothing(claiming: Callable[..., Claiming], outbox: Outbox, tickets: Tickets) -> None:
    tickets.save_many(tickets=1, versions=1)
    stale = claiming("zombie").next(LIMIT)
    let_leases_run_out(outbox)
    claiming("owner", "overdue").next(LIMIT)
    assert stale is not None
    ids = [stale.runs[0][0]["_id"]]
    zombie = Settling(outbox.queue, worker="zombie")
    before = tickets.waiting

    zombie.delete(ids, stale.token)
    parked = zombie.fail([Failed(event_id=ids[0], error="no", type="refused", attempt=3)], stale.token)
    zombie.release(ids, stale.token)

    assert not zombie.renew(ids, stale.token)
    assert parked == set()
    assert tickets.waiting == before


def test_a_slow_destination_has_the_claim_renewed(
    database: Database[Any], outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    quick = Outbox(database, settings=msgspec.structs.replace(AT_ONCE, lease=2.0))
    tickets.save_many(tickets=1, versions=3)
    ends: list[Any] = []

    def until_half_is_over(_: Any) -> None:
        (oldest, *_) = tickets.waiting
        ends.append(oldest["lockedUntil"])
        half = {"$expr": {"$lt": ["$lockedUntil", {"$add": ["$$NOW", 1000]}]}}
        wait_until(lambda: outbox.queue.events.find_one({"_id": oldest["_id"], **half}), "half is over")

    destination.before = until_half_is_over

    drain(Relay(quick, destination, takes="fresh").step)

    assert destination.sequences == {key_of("0"): [1, 2, 3]}
    assert ends == sorted(set(ends)), "before each one the lease was renewed"


def test_of_a_lost_claim_nothing_more_is_published(
    database: Database[Any], outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    quick = Outbox(database, settings=msgspec.structs.replace(AT_ONCE, lease=0.2))
    tickets.save_many(tickets=1, versions=3)
    other = Destination(database, by="other")

    def freeze(_: Any) -> None:
        def is_taken_over() -> bool:
            RetryJob(quick, other).once()
            return not tickets.waiting

        wait_until(is_taken_over, "another has published it all")

    destination.withholds = lambda event: (event.sequence or 0) > 1
    destination.after = freeze

    Relay(quick, destination, takes="fresh").step()

    assert [event["sequence"] for event in destination.arrived if event["by"] == "here"] == [1]
    assert destination.first_sequences == {key_of("0"): [1, 2, 3]}
