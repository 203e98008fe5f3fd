"""Ids become visible out of order, and writers stay open: nothing is lost, doubled or held up."""

from collections.abc import Callable
from uuid import uuid4

from cqrs.eventlog.event_rows import NewEvent
from cqrs.eventlog.subscription import Subscription
from cqrs.testing.drain import drain
from tests.eventlog.things import THING, Recorder, changed, thing_in_shard
from tests.eventlog.writers import Writer

Commit = Callable[..., None]
NewWriter = Callable[[], Writer]


def subscribe(handle: Recorder) -> Subscription:
    return Subscription("test", aggregate_type=THING, handle=handle)


def test_transactions_that_commit_in_the_reverse_order_of_their_ids_lose_nothing(new_writer: NewWriter) -> None:
    handle = Recorder()
    subscription = subscribe(handle)
    first, second = thing_in_shard(0), thing_in_shard(0)
    early, late = new_writer().begin(), new_writer().begin()
    early.append(changed(first))
    late.append(changed(second))

    late.commit()
    drain(subscription.step)
    seen_before_the_early_one = list(handle.seen)
    early.commit()
    drain(subscription.step)

    assert seen_before_the_early_one == [(second, 1)]
    assert handle.seen == [(second, 1), (first, 1)]


def test_a_writer_that_got_its_id_first_and_appends_last_is_not_missed(new_writer: NewWriter) -> None:
    # Its transaction id is the oldest, its position the newest.
    handle = Recorder()
    subscription = subscribe(handle)
    first, second = thing_in_shard(1), thing_in_shard(1)
    oldest, other = new_writer().begin(), new_writer().begin()

    other.append(changed(second))
    other.commit()
    drain(subscription.step)
    oldest.append(changed(first))
    oldest.commit()
    drain(subscription.step)

    assert handle.seen == [(second, 1), (first, 1)]


def test_a_writer_left_open_stalls_nobody_and_its_events_come_once_when_it_commits(
    new_writer: NewWriter, commit: Commit
) -> None:
    handle = Recorder()
    subscription = subscribe(handle)
    kept_open, things = thing_in_shard(0), [thing_in_shard(shard) for shard in (0, 1, 2, 3)]
    open_writer = new_writer().begin().append(changed(kept_open))

    for version in (1, 2, 3):
        for thing in things:
            commit(changed(thing, version))
        drain(subscription.step)
    seen_meanwhile = sorted(handle.seen)
    open_writer.commit()
    drain(subscription.step)

    assert seen_meanwhile == sorted((thing, version) for thing in things for version in (1, 2, 3))
    assert handle.seen[-1] == (kept_open, 1)
    assert len(handle.seen) == len(set(handle.seen)) == 13


def test_what_is_rolled_back_is_never_seen(new_writer: NewWriter, commit: Commit) -> None:
    handle = Recorder()
    subscription = subscribe(handle)
    thing = uuid4()
    new_writer().begin().append(changed(uuid4())).rollback()

    commit(changed(thing))
    drain(subscription.step)

    assert handle.seen == [(thing, 1)]


def test_the_events_of_one_thing_come_in_order_across_windows(new_writer: NewWriter, commit: Commit) -> None:
    handle = Recorder()
    subscription = subscribe(handle)
    thing = uuid4()
    commit(changed(thing, 1))
    writer = new_writer().begin().append(changed(thing, 2))

    drain(subscription.step)
    writer.commit()
    commit(changed(thing, 3))
    drain(subscription.step)

    assert handle.seen == [(thing, 1), (thing, 2), (thing, 3)]


def test_several_versions_of_one_transaction_are_one_aggregates_history(new_writer: NewWriter) -> None:
    handle = Recorder()
    subscription = subscribe(handle)
    thing = uuid4()
    writer = new_writer().begin()
    for version in (1, 2, 3):
        writer.append(changed(thing, version))

    writer.commit()
    drain(subscription.step)

    assert handle.seen == [(thing, 1), (thing, 2), (thing, 3)]


def test_another_type_of_aggregate_is_not_handed_over(commit: Callable[[NewEvent], None]) -> None:
    handle = Recorder()
    subscription = subscribe(handle)

    commit(changed(uuid4(), aggregate_type="other"))
    drain(subscription.step)

    assert handle.seen == []
