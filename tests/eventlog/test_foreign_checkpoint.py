"""A checkpoint that was not written here stops its subscription with one clear error, and skips nothing."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from cqrs.errors import ForeignCheckpoint
from cqrs.eventlog.subscription import Subscription
from cqrs.testing.drain import drain
from tests.eventlog.things import THING, Recorder, changed, thing_in_shard

Ask = Callable[..., list[tuple[Any, ...]]]

ANOTHER_CLUSTER = "update cqrs_checkpoint set system_identifier = '1' where shard = 2"
FUTURE = "(pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000)"
READ_IN_THE_FUTURE = (
    f"update cqrs_checkpoint set read_snapshot = ({FUTURE} || ':' || {FUTURE} || ':')::pg_snapshot where shard = 2"
)
WINDOW_IN_THE_FUTURE = (
    f"update cqrs_checkpoint set window_snapshot = ({FUTURE} || ':' || {FUTURE} || ':')::pg_snapshot,"
    " window_after = 0, window_last = 9 where shard = 2"
)


@pytest.mark.parametrize("restored", [ANOTHER_CLUSTER, READ_IN_THE_FUTURE, WINDOW_IN_THE_FUTURE])
def test_a_restored_checkpoint_stops_the_subscription(restored: str, commit: Callable[..., None], ask: Ask) -> None:
    handle = Recorder()
    subscription = Subscription("test", aggregate_type=THING, handle=handle)
    drain(subscription.step)
    ask(restored)
    before = ask("select * from cqrs_checkpoint where shard = 2")
    commit(changed(thing_in_shard(2)))

    with pytest.raises(ForeignCheckpoint, match=r"manage\.py rebase_subscription test"):
        subscription.step()

    assert handle.seen == []
    assert ask("select * from cqrs_checkpoint where shard = 2") == before


def test_the_present_is_not_the_future(commit: Callable[..., None]) -> None:
    handle = Recorder()
    subscription = Subscription("test", aggregate_type=THING, handle=handle)
    thing = uuid4()
    commit(changed(thing))

    for _ in range(3):
        subscription.step()

    assert handle.seen == [(thing, 1)]
