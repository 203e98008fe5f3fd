"""Hints: after the commit only, from a connection of their own, and never relied upon."""

import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from cqrs.errors import Unavailable
from cqrs.eventlog import wakeup
from cqrs.eventlog.subscription import Subscription
from cqrs.eventlog.wakeup import CHANNEL, Hinter, Listener
from cqrs.testing.waiting import wait_until
from cqrs.worker import Worker
from cqrs_project.postgres import connect
from tests.eventlog.things import THING, Recorder, changed
from tests.eventlog.writers import Writer
from tests.threads import in_background

Ask = Callable[..., list[tuple[Any, ...]]]

# Without a hint it is waited for so long; with one, for some milliseconds.
LONG = 60.0
AT_ONCE = 30.0
QUIET_SECONDS = 0.3
TERMINATE = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s"


@pytest.fixture(autouse=True)
def _hints() -> Iterator[None]:
    """This process sends hints, as after `compose`."""
    wakeup.send_hints_through(connect)
    yield
    wakeup.send_hints_through(connect)


@pytest.fixture
def heard() -> Iterator[Callable[[float], list[psycopg.Notify]]]:
    """What arrives on the channel within so many seconds, or as soon as something does."""
    with connect() as connection:
        connection.execute(f"listen {CHANNEL}")
        yield lambda seconds: list(connection.notifies(timeout=seconds, stop_after=1))


def heard_after(hinter: Hinter, heard: Callable[[float], list[psycopg.Notify]]) -> list[psycopg.Notify]:
    hinter.hint()
    return heard(0.05)


def named(name: str) -> Callable[[], psycopg.Connection]:
    return lambda: connect(application_name=name)


def test_a_commit_is_followed_by_a_hint(
    new_writer: Callable[[], Writer], heard: Callable[[float], list[psycopg.Notify]]
) -> None:
    writer = new_writer().begin().append(changed(uuid4()))

    before = heard(QUIET_SECONDS)
    writer.commit()
    after = heard(LONG)

    assert before == []
    assert len(after) == 1


def test_the_business_transaction_itself_never_notifies(
    new_writer: Callable[[], Writer], heard: Callable[[float], list[psycopg.Notify]]
) -> None:
    # NOTIFY would serialise the commits of all who append.
    writer = new_writer().begin().append(changed(uuid4()))

    writer.commit()
    (hint,) = heard(LONG)

    assert hint.pid != writer.pid


def test_a_rollback_is_followed_by_none(
    new_writer: Callable[[], Writer], heard: Callable[[float], list[psycopg.Notify]]
) -> None:
    new_writer().begin().append(changed(uuid4())).rollback()

    assert heard(QUIET_SECONDS) == []


def test_who_waits_is_woken_at_once() -> None:
    listener = Listener(connect)
    listener.wait(LONG)
    waits = Event()

    def hint_soon() -> None:
        waits.wait(LONG)
        wakeup.hint()

    began = time.monotonic()
    with in_background(hint_soon):
        waits.set()
        listener.wait(LONG)
    listener.close()

    assert time.monotonic() - began < AT_ONCE


def test_a_hint_between_two_waits_is_not_lost(ask: Ask) -> None:
    listener = Listener(connect)
    listener.wait(LONG)
    ask(f"notify {CHANNEL}")

    began = time.monotonic()
    listener.wait(LONG)
    listener.close()

    assert time.monotonic() - began < AT_ONCE


def test_without_a_hint_waiting_ends_with_the_poll() -> None:
    listener = Listener(connect)
    listener.wait(LONG)

    began = time.monotonic()
    listener.wait(0.05)
    listener.close()

    assert 0.05 <= time.monotonic() - began < AT_ONCE


def test_a_lost_hint_delays_by_one_poll(commit: Callable[..., None]) -> None:
    class Work:
        def __init__(self) -> None:
            self.handle = Recorder()
            self.step = Subscription("test", aggregate_type=THING, handle=self.handle).step
            listener = Listener(connect)
            self.wait, self.close = listener.wait, listener.close

    wakeup.close()
    work, thing = Work(), uuid4()
    worker = Worker("test", work, poll_seconds=0.05)

    with in_background(worker.run):
        commit(changed(thing))
        wait_until(lambda: work.handle.seen, "the event is found without a hint")
        worker.stop()

    assert work.handle.seen == [(thing, 1)]


def test_many_hints_are_few_notifications(heard: Callable[[float], list[psycopg.Notify]]) -> None:
    for _ in range(5000):
        wakeup.hint()

    notifications = heard(LONG)
    while more := heard(QUIET_SECONDS):
        notifications += more

    assert 1 <= len(notifications) < 500


def test_the_hinter_survives_the_loss_of_its_connection(
    ask: Ask, heard: Callable[[float], list[psycopg.Notify]]
) -> None:
    hinter = Hinter(named("hinter-under-test"))
    hinter.hint()
    first = heard(LONG)

    assert ask(TERMINATE, ["hinter-under-test"]) == [(True,)]
    again = wait_until(lambda: heard_after(hinter, heard), "hints arrive again")
    hinter.close()

    assert first
    assert first[0].pid != again[0].pid


def test_the_hinter_survives_a_database_that_is_away(heard: Callable[[float], list[psycopg.Notify]]) -> None:
    away = [True]

    def connect_later() -> psycopg.Connection:
        if away[0]:
            attempted.set()
            return connect(port=1)
        return connect()

    attempted = Event()
    hinter = Hinter(connect_later)
    hinter.hint()
    assert attempted.wait(LONG)

    away[0] = False
    again = wait_until(lambda: heard_after(hinter, heard), "hints arrive once it is back")
    hinter.close()

    assert again


def test_a_listener_whose_connection_is_lost_says_so_and_listens_again(ask: Ask) -> None:
    listener = Listener(named("listener-under-test"))
    listener.wait(LONG)
    assert ask(TERMINATE, ["listener-under-test"]) == [(True,)]

    with pytest.raises(Unavailable, match="postgresql"):
        listener.wait(LONG)
    began = time.monotonic()
    listener.wait(LONG)
    ask(f"notify {CHANNEL}")
    listener.wait(LONG)
    listener.close()

    assert time.monotonic() - began < AT_ONCE


def test_a_closed_hinter_has_left_nothing_behind(ask: Ask, heard: Callable[[float], list[psycopg.Notify]]) -> None:
    hinter = Hinter(named("hinter-to-close"))
    hinter.hint()
    assert heard(LONG)

    hinter.close()
    hinter.hint()

    gone = "select count(*) from pg_stat_activity where application_name = 'hinter-to-close'"
    wait_until(lambda: ask(gone) == [(0,)], "its connection is gone")
    assert heard(QUIET_SECONDS) == []


def test_hinting_before_anything_is_composed_does_nothing() -> None:
    wakeup.close()

    thread = Thread(target=wakeup.hint)
    thread.start()
    thread.join(LONG)

    assert not thread.is_alive()
