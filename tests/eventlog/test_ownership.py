"""A shard is worked on by one at a time, by whoever is free, and is free again as soon as its owner is gone."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import Event
from urllib.parse import quote
from uuid import UUID

import pytest
from django.db import connection, transaction

from cqrs.eventlog import checkpoint as checkpoints
from cqrs.eventlog import ownership
from cqrs.eventlog.buckets import shard_ranges
from cqrs.eventlog.subscription import Subscription
from cqrs.messages import Recorded
from cqrs.testing.drain import drain
from cqrs.testing.waiting import wait_until
from tests.eventlog.things import THING, Recorder, changed, thing_in_shard
from tests.eventlog.writers import Writer, is_blocked
from tests.threads import in_background, in_threads

Commit = Callable[..., None]
SECONDS = 60


class Gate:
    """A handler that holds its first batch until it is opened."""

    def __init__(self) -> None:
        self.seen: list[tuple[UUID, int | None]] = []
        self.entered = Event()
        self.opened = Event()

    def __call__(self, events: Sequence[Recorded]) -> None:
        self.entered.set()
        assert self.opened.wait(SECONDS)
        self.seen += [(event.aggregate_id, event.version) for event in events]


def subscribe(handle: Callable[[Sequence[Recorded]], None]) -> Subscription:
    return Subscription("test", aggregate_type=THING, handle=handle)


def test_a_shard_in_hand_is_left_alone_and_the_others_are_shared(commit: Commit) -> None:
    things = [thing_in_shard(shard) for shard in range(4)]
    commit(*(changed(thing) for thing in things))
    slow, free = Gate(), Recorder()

    with in_background(subscribe(slow).step):
        assert slow.entered.wait(SECONDS)
        subscribe(free).step()
        slow.opened.set()

    assert slow.seen == [(things[0], 1)]
    assert sorted(free.seen) == sorted((thing, 1) for thing in things[1:])


def test_two_subscriptions_at_once_handle_everything_once(commit: Commit) -> None:
    things = [thing_in_shard(shard) for shard in range(4) for _ in range(50)]
    commit(*(changed(thing, 1) for thing in things))
    commit(*(changed(thing, 2) for thing in things))
    handled = [Recorder() for _ in range(3)]

    def work(recorder: Recorder) -> None:
        subscription = Subscription("test", aggregate_type=THING, handle=recorder, batch_size=7)
        drain(subscription.step)

    in_threads([partial(work, recorder) for recorder in handled])
    drain(subscribe(handled[0]).step)

    together = [place for recorder in handled for place in recorder.seen]
    assert len(together) == len(set(together)) == 400


def test_the_lock_takes_no_transaction_id_and_ends_with_the_transaction(new_writer: Callable[[], Writer]) -> None:
    other = new_writer()

    def try_other() -> bool:
        with transaction.atomic():
            return ownership.try_own("test", 0)

    with transaction.atomic():
        owned = ownership.try_own("test", 0)
        with connection.cursor() as cursor:
            cursor.execute("select pg_current_xact_id_if_assigned()")
            xid = cursor.fetchone()[0]
        while_owned = other.do(try_other)
    afterwards = other.do(try_other)

    assert (owned, xid, while_owned, afterwards) == (True, None, False, True)


def test_shards_and_subscriptions_do_not_stand_in_each_others_way(new_writer: Callable[[], Writer]) -> None:
    def try_others() -> list[bool]:
        with transaction.atomic():
            return [ownership.try_own("test", 1), ownership.try_own("another", 0), ownership.try_own("test", 0)]

    with transaction.atomic():
        ownership.own("test", 0)
        obtained = new_writer().do(try_others)

    assert obtained == [True, True, False]


@pytest.fixture
def hanging_process(commit: Commit) -> Iterator[subprocess.Popen[str]]:
    """A process that has the batch of shard 0 in hand."""
    parameters = connection.get_connection_params()
    url = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(
        **{name: quote(str(parameters[name]), safe="") for name in ("user", "password", "host", "port", "dbname")}
    )
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "cqrs_project.settings"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.eventlog.worker_process"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_a_killed_process_leaves_its_batch_to_the_next(commit: Commit, request: pytest.FixtureRequest) -> None:
    thing = thing_in_shard(0)
    commit(changed(thing))
    process = request.getfixturevalue("hanging_process")
    assert process.stdout.readline() == "in hand\n"
    handle = Recorder()
    subscription = subscribe(handle)

    drain(subscription.step)
    seen_while_it_hangs = list(handle.seen)
    process.kill()
    wait_until(lambda: subscription.step() or handle.seen, "the shard is free again")

    assert seen_while_it_hangs == []
    assert handle.seen == [(thing, 1)]


def test_workers_that_plan_different_shards_agree_on_the_first_ones_plan(new_writer: Callable[[], Writer]) -> None:
    first, second = new_writer().begin(), new_writer()
    first.do(lambda: checkpoints.ensure("test", shards=4))

    with in_background(lambda: second.do(lambda: checkpoints.ensure("test", shards=8))):
        wait_until(lambda: is_blocked(second.pid), "the second waits for the first")
        first.commit()

    assert stored_ranges() == shard_ranges(4)


def test_a_worker_follows_when_the_shards_are_others(commit: Commit) -> None:
    handle = Recorder()
    subscription = subscribe(handle)
    drain(subscription.step)
    things = [thing_in_shard(shard) for shard in range(4)]
    commit(*(changed(thing) for thing in things))

    checkpoints.forget("test")
    checkpoints.ensure("test", shards=2)
    drain(subscription.step)

    assert sorted(handle.seen) == sorted((thing, 1) for thing in things)
    assert stored_ranges() == shard_ranges(2)


def stored_ranges() -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select first_bucket, last_bucket from cqrs_checkpoint where subscription = 'test' order by shard"
        )
        return list(cursor.fetchall())
