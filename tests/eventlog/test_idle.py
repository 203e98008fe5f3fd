"""Who has nothing to read leaves no trace, and what is meant for others does not slow a subscription down for ever."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.db import connection, transaction

from cqrs.eventlog import checkpoint as checkpoints
from cqrs.eventlog.append import append_confirmations
from cqrs.eventlog.subscription import PASSED_WORTH_WRITING, Subscription
from cqrs.testing.drain import drain
from tests.eventlog.things import THING, Recorder, changed, thing_in_shard

Commit = Callable[..., None]
Ask = Callable[..., list[tuple[Any, ...]]]


class Transactions:
    """Asks, after every statement, whether its transaction has got an id by then."""

    def __init__(self) -> None:
        self.ids: list[int | None] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        own = connection.connection.execute("select pg_current_xact_id_if_assigned()::text").fetchone()
        self.ids.append(own[0])
        return result


def subscribe() -> Subscription:
    return Subscription("test", aggregate_type=THING, handle=Recorder())


def read_of_shard(shard: int) -> str:
    checkpoint = checkpoints.read("test", shard, cluster=checkpoints.system_identifier())
    assert checkpoint is not None
    return checkpoint.read


def test_a_step_with_nothing_to_read_writes_nothing_and_takes_no_transaction_id(commit: Commit) -> None:
    subscription = subscribe()
    commit(changed(uuid4()))
    drain(subscription.step)
    transactions = Transactions()

    with connection.execute_wrapper(transactions):
        more = subscription.step()

    assert not more
    assert len(transactions.ids) >= 4
    assert set(transactions.ids) == {None}


def test_a_step_that_passes_a_few_events_of_others_writes_nothing_either(commit: Commit) -> None:
    subscription = subscribe()
    drain(subscription.step)
    commit(*(changed(uuid4(), aggregate_type="other") for _ in range(20)))
    transactions = Transactions()

    with connection.execute_wrapper(transactions):
        more = subscription.step()

    assert not more
    assert set(transactions.ids) == {None}


def test_the_probe_itself_sees_a_transaction_that_writes(commit: Commit) -> None:
    subscription = subscribe()
    drain(subscription.step)
    commit(changed(uuid4()))
    transactions = Transactions()

    with connection.execute_wrapper(transactions):
        subscription.step()

    assert set(transactions.ids) > {None}


def test_many_events_of_others_are_passed_once(commit: Commit) -> None:
    subscription = subscribe()
    drain(subscription.step)
    before = read_of_shard(0)
    commit(*(changed(uuid4(), aggregate_type="other") for _ in range(PASSED_WORTH_WRITING)))

    subscription.step()
    passed = read_of_shard(0)
    subscription.step()

    assert before != passed == read_of_shard(0)


def test_confirmations_are_no_candidates_at_all(commit: Commit, ask: Ask) -> None:
    # A subscription causes one for every event that it handles: reading them would double its work.
    things = [changed(thing_in_shard(0)) for _ in range(PASSED_WORTH_WRITING)]
    commit(*things)
    subscription = subscribe()
    drain(subscription.step)
    before = read_of_shard(0)
    with transaction.atomic():
        append_confirmations(things)

    subscription.step()

    assert read_of_shard(0) == before
    ((index,),) = ask("select indexdef from pg_indexes where indexname = 'cqrs_event_unread'")
    assert "WHERE (version IS NOT NULL)" in index
