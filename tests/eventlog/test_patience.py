"""How long is waited for an answer of PostgreSQL: as long as the work at hand has patience, and for locks shorter."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from cqrs.context import Context, use
from cqrs.errors import Unavailable
from cqrs.eventlog import ownership
from cqrs.eventlog.database import translated
from cqrs.eventlog.patient_connection import PatientConnection
from cqrs.testing.waiting import wait_until
from cqrs_project import postgres
from tests.threads import in_background

Ask = Callable[..., list[tuple[Any, ...]]]

IMPATIENT = Context(app_id="test", patience=0.2)
RUNNING = "select 1 from pg_stat_activity where query = %s and state = 'active'"
WAITING = """
select 1 from pg_stat_activity
where wait_event_type = 'Lock' and clock_timestamp() - query_start > make_interval(secs => %s)
"""


@pytest.fixture
def other() -> Iterator[psycopg.Connection[Any]]:
    """A connection beside Django's."""
    with postgres.connect() as opened:
        yield opened


def test_who_has_lost_patience_is_told_that_the_store_is_away_and_asks_on_another_connection(ask: Ask) -> None:
    (former,) = ask("select pg_backend_pid()")

    with use(IMPATIENT), pytest.raises(Unavailable), translated():
        ask("select pg_sleep(60)")
    connection.close()

    assert ask("select pg_backend_pid()") != [former]


def test_a_transaction_that_lost_patience_is_undone(ask: Ask) -> None:
    ask("create table patience (number integer)")

    with use(IMPATIENT), pytest.raises(OperationalError), transaction.atomic():
        ask("with written as (insert into patience values (1) returning 1) select pg_sleep(60) from written")
    connection.close()

    assert ask("select * from patience") == []
    ask("drop table patience")


def test_the_server_ends_a_statement_for_which_nobody_waits_any_more(ask: Ask, other: Any) -> None:
    statement = f"select pg_sleep(60) as wanted_by_nobody_{uuid4().hex}"

    with use(IMPATIENT), pytest.raises(psycopg.OperationalError):
        other.execute(statement)

    wait_until(lambda: not ask(RUNNING, [statement]), "the statement has ended")


def test_without_a_request_there_is_patience(other: psycopg.Connection[Any]) -> None:
    with use(Context(app_id="test")):
        row = other.execute("select 1 from pg_sleep(0.3)").fetchone()

    assert row == (1,)


def test_the_connections_of_the_pool_and_those_beside_it_are_patient_ones(other: psycopg.Connection[Any]) -> None:
    connection.ensure_connection()

    assert isinstance(connection.connection, PatientConnection)
    assert isinstance(other, PatientConnection)


def test_whoever_waits_for_a_lock_is_told_before_a_request_loses_patience(ask: Ask) -> None:
    assert ask("show lock_timeout") == [("3s",)]


def test_a_shard_is_waited_for_longer_than_for_other_locks(ask: Ask, other: psycopg.Connection[Any]) -> None:
    other.execute("begin")
    other.execute("select pg_advisory_xact_lock(%s, 0)", [ownership._lock_class("test")])

    with in_background(lambda: own_impatiently("test")) as owned:
        wait_until(lambda: ask(WAITING, [0.1]), "the lock has been waited for five times as long as for others")
        other.execute("rollback")

    assert owned.result() == "20ms"


def own_impatiently(subscription: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("set lock_timeout = '20ms'")
        with transaction.atomic():
            ownership.own(subscription, 0)
        cursor.execute("show lock_timeout")
        value: str = cursor.fetchone()[0]
        cursor.execute("set lock_timeout = default")
        return value


def test_lost_patience_is_counted_for_each_answer_and_not_for_all(ask: Ask) -> None:
    with use(Context(app_id="test", patience=2.0)):
        answers = [ask("select 1 from pg_sleep(0.6)") for _ in range(4)]

    assert answers == [[(1,)]] * 4
