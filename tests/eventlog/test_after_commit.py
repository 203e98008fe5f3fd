"""What happens after a commit cannot undo it, and what is not committed is not counted."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest
from django.db import Error, connection, transaction

from cqrs.eventlog import observation
from cqrs.eventlog.append import append
from cqrs.eventlog.observation import observe_appends
from cqrs.eventlog.subscription import Batch, Subscription
from tests.eventlog.things import THING, Recorder, changed

Commit = Callable[..., None]
NoCommit = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def observers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observation, "_observers", [])


def test_an_observer_that_fails_does_not_make_a_commit_look_like_a_failure(observers: None) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("cannot count")

    observe_appends(fail)

    with transaction.atomic():
        append([changed(uuid4())])

    with connection.cursor() as cursor:
        cursor.execute("select count(*) from cqrs_event")
        assert cursor.fetchone() == (1,)


def test_a_rollback_counts_nothing(observers: None) -> None:
    counted: list[tuple[str, int]] = []
    observe_appends(lambda stage, count: counted.append((stage, count)))

    with transaction.atomic():
        append([changed(uuid4())])
        transaction.set_rollback(True)
    assert counted == []

    with transaction.atomic():
        append([changed(uuid4()), changed(uuid4())])
    assert counted == [("CHANGED", 2)]


def test_a_batch_that_is_not_committed_is_not_observed(commit: Commit, no_commit: NoCommit) -> None:
    commit(changed(uuid4()))
    observed: list[Batch] = []
    subscription = Subscription("test", aggregate_type=THING, handle=Recorder(), observe=observed.append)

    with no_commit(), pytest.raises(Error, match="no commit"):
        subscription.step()
    assert observed == []

    subscription.drain()
    assert [batch.handled for batch in observed] == [1]
