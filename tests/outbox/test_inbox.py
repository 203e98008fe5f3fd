"""A consumer takes each event once, in the transaction of what it does with it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pymongo.client_session import ClientSession
from pymongo.database import Database

from cqrs.outbox import Inbox, NoTransaction

ALL = 8


@pytest.fixture
def inbox(database: Database[Any]) -> Inbox:
    inbox = Inbox(database)
    inbox.prepare()
    return inbox


def handle(database: Database[Any], inbox: Inbox, event_id: str, *, consumer: str = "orders") -> bool:
    """Handle an event as a consumer does, and say whether it had an effect."""

    def work(session: ClientSession) -> bool:
        is_new = inbox.take(session, consumer, event_id)
        if is_new:
            database["effects"].insert_one({"event": event_id}, session=session)
        return is_new

    with database.client.start_session() as session:
        return bool(session.with_transaction(work))


def test_an_event_that_comes_again_is_dropped(database: Database[Any], inbox: Inbox) -> None:
    results = [handle(database, inbox, "e-1"), handle(database, inbox, "e-1"), handle(database, inbox, "e-2")]

    assert results == [True, False, True]
    assert database["effects"].count_documents({}) == 2


def test_each_consumer_takes_it(database: Database[Any], inbox: Inbox) -> None:
    assert handle(database, inbox, "e-1", consumer="orders")
    assert handle(database, inbox, "e-1", consumer="payments")


def test_an_event_whose_handling_fails_is_not_taken(database: Database[Any], inbox: Inbox) -> None:
    with database.client.start_session() as session, session.start_transaction():
        inbox.take(session, "orders", "e-1")
        session.abort_transaction()

    assert handle(database, inbox, "e-1")


def test_of_many_at_once_one_takes_it(database: Database[Any], inbox: Inbox) -> None:
    with ThreadPoolExecutor(ALL) as pool:
        results = list(pool.map(lambda _: handle(database, inbox, "e-1"), range(ALL)))

    assert sum(results) == 1
    assert database["effects"].count_documents({}) == 1


def test_taking_outside_of_a_transaction_is_an_error(database: Database[Any], inbox: Inbox) -> None:
    with database.client.start_session() as session, pytest.raises(NoTransaction):
        inbox.take(session, "orders", "e-1")


def test_what_was_taken_is_forgotten_after_its_time(database: Database[Any], inbox: Inbox) -> None:
    handle(database, inbox, "e-1")
    Inbox(database, kept_seconds=60).prepare()

    index = database["inbox"].index_information()["kept"]
    taken = database["inbox"].find_one()

    assert index["expireAfterSeconds"] == 60
    assert taken is not None
    assert taken.keys() == {"_id", "takenAt"}
