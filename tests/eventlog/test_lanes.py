"""Several shards at once in one process: the same results, in less time, and no error lost."""

from collections.abc import Callable, Iterator, Sequence
from threading import Barrier, get_ident
from typing import cast

import pytest
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from cqrs.context import Context, current, use
from cqrs.errors import Unavailable
from cqrs.eventlog import subscription as subscription_module
from cqrs.eventlog.subscription import Subscription
from cqrs.messages import Recorded
from tests.eventlog.things import THING, changed, place_of, thing_in_shard

Commit = Callable[..., None]
SECONDS = 60

Subscribe = Callable[[Callable[[Sequence[Recorded]], None]], Subscription]


@pytest.fixture
def two_lanes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Subscribe]:
    # Whatever there is to read is a backlog.
    monkeypatch.setattr(subscription_module, "BACKLOG", 0)
    opened: list[Subscription] = []

    def subscribe(handle: Callable[[Sequence[Recorded]], None]) -> Subscription:
        opened.append(Subscription("test", aggregate_type=THING, handle=handle, lanes=2))
        opened[-1].step()
        return opened[-1]

    yield subscribe
    for subscription in opened:
        subscription.close()


def test_two_shards_are_worked_on_at_the_same_time(commit: Commit, two_lanes: Subscribe) -> None:
    things = [thing_in_shard(0), thing_in_shard(1)]
    both = Barrier(2, timeout=SECONDS)
    seen = []

    def handle(events: Sequence[Recorded]) -> None:
        both.wait()
        seen.extend([place_of(event) for event in events])

    subscription = two_lanes(handle)
    commit(*(changed(thing) for thing in things))
    assert subscription.step()

    assert sorted(seen) == sorted((thing, 1) for thing in things)


def test_everything_is_handled_once_however_many_lanes(commit: Commit, two_lanes: Subscribe) -> None:
    things = [thing_in_shard(number % 4) for number in range(40)]
    seen, threads = [], set()

    def handle(events: Sequence[Recorded]) -> None:
        seen.extend([place_of(event) for event in events])
        threads.add(get_ident())

    subscription = two_lanes(handle)
    commit(*(changed(thing) for thing in things))
    subscription.drain()

    assert sorted(seen) == sorted((thing, 1) for thing in things)
    assert get_ident() not in threads


def test_an_outage_in_one_lane_reaches_the_caller_and_the_other_lane_is_done(
    commit: Commit, two_lanes: Subscribe
) -> None:
    good, bad = thing_in_shard(0), thing_in_shard(1)
    is_away = [True]
    seen = []

    def handle(events: Sequence[Recorded]) -> None:
        if is_away[0] and events[0].aggregate_id == bad:
            raise Unavailable("mongodb")
        seen.extend([place_of(event) for event in events])

    subscription = two_lanes(handle)
    commit(changed(good), changed(bad))
    with pytest.raises(Unavailable):
        subscription.step()
    assert seen == [(good, 1)]

    is_away[0] = False
    subscription.drain()
    assert seen == [(good, 1), (bad, 1)]


def test_lanes_work_in_the_context_of_the_step(commit: Commit, two_lanes: Subscribe) -> None:
    app_ids = []
    subscription = two_lanes(lambda _: app_ids.append(current().app_id))
    commit(changed(thing_in_shard(0)))

    with use(Context(app_id="projector-9")):
        subscription.step()

    assert app_ids == ["projector-9"]


def test_closing_gives_every_connection_back(commit: Commit, two_lanes: Subscribe) -> None:
    pool = cast(DatabaseWrapper, connection).pool
    assert pool is not None
    subscription = two_lanes(lambda _: None)
    commit(*(changed(thing_in_shard(shard)) for shard in range(4)))
    subscription.step()
    subscription.close()

    stats = pool.get_stats()
    assert stats["pool_available"] == stats["pool_size"]


def test_without_a_backlog_a_step_stays_in_its_own_thread(commit: Commit) -> None:
    threads = set()
    subscription = Subscription("test", aggregate_type=THING, handle=lambda _: threads.add(get_ident()), lanes=2)
    commit(*(changed(thing_in_shard(shard)) for shard in range(4)))

    subscription.drain()
    subscription.close()

    assert threads == {get_ident()}
