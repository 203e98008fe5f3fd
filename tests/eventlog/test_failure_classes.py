"""Failures are classified first: what says nothing about an event counts no attempt, and what does breaks no other."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from cqrs.application import Application
from cqrs.errors import NoHandler, RegistrationError, Unavailable
from cqrs.eventlog.append import append_confirmations
from cqrs.messages import Recorded
from cqrs.testing.drain import drain
from cqrs.testing.waiting import wait_until
from cqrs_project.postgres import connect
from tests.eventlog.parked import CHECKPOINTS, LETTERS, MAKE_DUE, TWICE, subscribe
from tests.eventlog.poison import Poisoned, Refused, effects
from tests.eventlog.things import changed, thing_in_shard

pytestmark = pytest.mark.usefixtures("traces")

Commit = Callable[..., None]
Ask = Callable[..., list[tuple[Any, ...]]]


def test_unavailability_counts_no_attempt_and_parks_nothing(commit: Commit, ask: Ask) -> None:
    thing = uuid4()
    handle = Poisoned(thing, error=lambda: Unavailable("mongodb"))
    subscription = subscribe(handle)
    drain(subscription.step)
    before = ask(CHECKPOINTS)
    commit(changed(thing))

    for _ in range(20):
        with pytest.raises(Unavailable, match="mongodb"):
            subscription.step()
    during = ask(LETTERS), ask(CHECKPOINTS), effects()
    handle.poison.clear()
    drain(subscription.step)

    assert during == ([], before, [])
    assert effects() == [(thing, 1)]


def test_unavailability_during_a_retry_counts_no_attempt(commit: Commit, ask: Ask) -> None:
    handle = Poisoned(thing := uuid4())
    subscription = subscribe(handle, policy=TWICE)
    commit(changed(thing))
    drain(subscription.step)
    handle.error = lambda: Unavailable("mongodb")
    ask(MAKE_DUE)

    with pytest.raises(Unavailable):
        subscription.step()

    assert ask(LETTERS) == [(thing, "retrying", 1, "Refused", "poison")]


def test_unavailability_in_the_middle_of_isolation_rolls_everything_back(commit: Commit, ask: Ask) -> None:
    poison, *things = sorted(thing_in_shard(0) for _ in range(8))
    handle = Poisoned(poison)
    subscription = subscribe(handle)
    drain(subscription.step)
    before = ask(CHECKPOINTS)
    commit(*(changed(thing) for thing in [poison, *things]))

    def fail_later() -> BaseException:
        return Unavailable("mongodb") if handle.attempts > 4 else Refused("poison")

    handle.error = fail_later
    with pytest.raises(Unavailable):
        subscription.step()
    during = ask(LETTERS), ask(CHECKPOINTS), effects()
    handle.error = lambda: Refused("poison")
    drain(subscription.step)

    assert handle.attempts > 5
    assert during == ([], before, [])
    assert sorted(effects()) == sorted((thing, 1) for thing in things)


@pytest.mark.parametrize("error", [RegistrationError("no"), NoHandler("DoIt")])
def test_a_wrong_composition_crashes_instead_of_parking(commit: Commit, ask: Ask, error: Exception) -> None:
    commit(changed(thing := uuid4()))

    with pytest.raises(RegistrationError):
        subscribe(Poisoned(thing, error=lambda: error)).step()

    assert ask(LETTERS) == []


def test_an_event_that_nobody_knows_is_its_own_problem(commit: Commit, ask: Ask) -> None:
    application = Application(app_id="test-1")
    commit(changed(thing := uuid4()))

    drain(subscribe(application.drive).step)

    ((held, state, attempts, error_type, _),) = ask(LETTERS)
    assert (held, state, attempts, error_type) == (thing, "retrying", 1, "UnknownEvent")


def test_a_database_error_of_one_event_does_not_break_the_transaction_for_the_others(commit: Commit, ask: Ask) -> None:
    poison, *things = [thing_in_shard(0) for _ in range(6)]
    events = {thing: changed(thing) for thing in [poison, *things]}
    commit(*events.values())

    def confirm_and_violate(batch: Sequence[Recorded]) -> None:
        Poisoned()(batch)
        append_confirmations([events[event.aggregate_id] for event in batch])
        if any(event.aggregate_id == poison for event in batch):
            with connection.cursor() as cursor:
                cursor.execute("insert into cqrs_checkpoint select * from cqrs_checkpoint")

    drain(subscribe(confirm_and_violate).step)

    assert sorted(effects()) == sorted((thing, 1) for thing in things)
    assert ask("select count(*) from cqrs_event where confirms = 1") == [(5,)]
    assert [(thing, error_type) for thing, _, _, error_type, _ in ask(LETTERS)] == [(poison, "IntegrityError")]


@pytest.mark.parametrize(
    ("statement", "of_the_event"),
    [
        ("do $$ begin raise exception 'too large' using errcode = '54000'; end $$", True),
        ("do $$ begin raise exception 'untranslatable' using errcode = '22P05'; end $$", True),
        ("do $$ begin raise exception 'deadlock' using errcode = '40P01'; end $$", False),
        ("do $$ begin raise exception 'disk full' using errcode = '53100'; end $$", False),
        ("do $$ begin raise exception 'out of time' using errcode = '57014'; end $$", False),
        ("do $$ begin raise exception 'standby' using errcode = '25006'; end $$", False),
        ("select pg_terminate_backend(pg_backend_pid())", False),
    ],
)
def test_errors_of_postgresql_are_told_apart(commit: Commit, ask: Ask, statement: str, of_the_event: bool) -> None:
    subscription = subscribe(execute(statement))
    commit(changed(thing := uuid4()))

    if of_the_event:
        drain(subscription.step)
    else:
        with pytest.raises(Unavailable, match="postgresql"):
            drain(subscription.step)

    assert [held for held, *_ in ask(LETTERS)] == ([thing] if of_the_event else [])


def test_a_worker_that_freezes_in_its_transaction_is_ended_by_the_server_and_goes_on_afterwards(
    commit: Commit, ask: Ask
) -> None:
    frozen = list[bool]()

    def freeze_once(events: Sequence[Recorded]) -> None:
        Poisoned()(events)
        if not frozen:
            frozen.append(True)
            with connection.cursor() as cursor:
                cursor.execute("set local idle_in_transaction_session_timeout = '20ms'")
            wait_until(lambda: is_gone(connection.connection.info.backend_pid), "the server has ended the session")

    subscription = subscribe(freeze_once)
    commit(changed(thing := uuid4()))

    with pytest.raises(Unavailable, match="postgresql"):
        drain(subscription.step)
    drain(subscription.step)

    assert effects() == [(thing, 1)]
    assert ask(LETTERS) == []


@pytest.mark.parametrize("message", ["a NUL \0 within", "half a pair \ud800", "x" * 100_000])
def test_a_cause_that_the_database_cannot_hold_is_made_to_fit(commit: Commit, ask: Ask, message: str) -> None:
    handle = Poisoned(thing := uuid4(), error=lambda: Refused(message))
    subscription = subscribe(handle)
    commit(changed(thing))

    drain(subscription.step)
    ask(MAKE_DUE)
    drain(subscription.step)

    ((_, state, attempts, error_type, error),) = ask(LETTERS)
    assert (state, attempts, error_type) == ("retrying", 2, "Refused")
    assert error.startswith(message[:5])
    assert len(error) <= 2000


def execute(statement: str) -> Callable[[Sequence[Recorded]], None]:
    def handle(_: Sequence[Recorded]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    return handle


def is_gone(pid: int) -> bool:
    with connect() as probe:
        row = probe.execute("select count(*) from pg_stat_activity where pid = %s", [pid]).fetchone()
    return row == (0,)
