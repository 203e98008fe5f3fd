"""mongoengine documents are saved in the transaction of their events, with everything that saving does."""

import os
from collections.abc import Iterator
from typing import Any

import mongoengine
import pytest
from pymongo.client_session import ClientSession
from pymongo.database import Database

from cqrs.outbox import NoTransaction, Outbox
from cqrs.outbox.saving import save
from tests.outbox.conftest import Client
from tests.outbox.tickets import Tickets, event_of

ALIAS = "outbox-tests"


class Ticket(mongoengine.Document):  # type: ignore[misc]  # mongoengine has no types
    meta = {"db_alias": ALIAS, "collection": "documents"}
    id = mongoengine.StringField(primary_key=True)
    title = mongoengine.StringField(required=True, unique=True)
    version = mongoengine.IntField(default=1)

    def clean(self) -> None:
        self.title = (self.title or "").strip()


@pytest.fixture
def documents(database: Database[Any]) -> Iterator[Database[Any]]:
    """The database as mongoengine has it, through a client of its own."""
    mongoengine.connect(db=database.name, host=os.environ["MONGODB_URI"], alias=ALIAS, uuidRepresentation="standard")
    # It keeps the collection of the last database in the class.
    Ticket._collection = None
    Ticket.ensure_indexes()
    yield mongoengine.get_db(ALIAS)
    mongoengine.disconnect(alias=ALIAS)


def in_transaction(documents: Database[Any], work: Any) -> Any:
    with documents.client.start_session() as session:
        return session.with_transaction(work)


def test_the_event_is_made_of_the_saved_document(outbox: Outbox, tickets: Tickets, documents: Database[Any]) -> None:
    def work(session: ClientSession) -> None:
        saved = save(session, Ticket(id="a", title="  Concert "))
        outbox.append(session, [event_of("a", 1, data=saved)])

    in_transaction(documents, work)

    (event,) = tickets.waiting
    assert event["data"] == documents["documents"].find_one() == {"_id": "a", "title": "Concert", "version": 1}


def test_an_aborted_save_leaves_nothing(outbox: Outbox, tickets: Tickets, documents: Database[Any]) -> None:
    def work(session: ClientSession) -> None:
        save(session, Ticket(id="a", title="Concert"))
        outbox.append(session, [event_of("a", 0)])

    with pytest.raises(Exception, match="sequence"):
        in_transaction(documents, work)

    assert documents["documents"].count_documents({}) == 0
    assert tickets.waiting == []


def test_a_change_is_guarded_by_its_condition(documents: Database[Any]) -> None:
    Ticket(id="a", title="Concert").save()
    stale = Ticket.objects.get(id="a")
    changed = Ticket.objects.get(id="a")
    changed.title, changed.version = "Opera", 2
    stale.title, stale.version = "Ballet", 2

    saved = in_transaction(documents, lambda session: save(session, changed, save_condition={"version": 1}))
    with pytest.raises(mongoengine.errors.SaveConditionError):
        in_transaction(documents, lambda session: save(session, stale, save_condition={"version": 1}))

    assert saved == documents["documents"].find_one() == {"_id": "a", "title": "Opera", "version": 2}


def test_what_mongoengine_finds_wrong_is_told_as_ever(documents: Database[Any]) -> None:
    Ticket(id="a", title="Concert").save()

    with pytest.raises(mongoengine.errors.NotUniqueError):
        in_transaction(documents, lambda session: save(session, Ticket(id="b", title="Concert")))
    with pytest.raises(mongoengine.errors.ValidationError):
        in_transaction(documents, lambda session: save(session, Ticket(id="b", title="Opera", version="two")))


def test_a_conflict_has_the_transaction_repeated(documents: Database[Any], client: Client) -> None:
    Ticket(id="a", title="Concert").save()
    others = client[documents.name]["documents"]
    read: list[int] = []

    def work(session: ClientSession) -> None:
        (found,) = documents["documents"].find({"_id": "a"}, session=session)
        read.append(found["version"])
        if len(read) == 1:
            others.update_one({"_id": "a"}, {"$inc": {"version": 1}})
        save(session, Ticket(id="a", title="Opera", version=found["version"] + 1))

    in_transaction(documents, work)

    assert read == [1, 2]
    assert documents["documents"].find_one() == {"_id": "a", "title": "Opera", "version": 3}


def test_saving_outside_of_a_transaction_is_an_error(documents: Database[Any]) -> None:
    with documents.client.start_session() as session, pytest.raises(NoTransaction):
        save(session, Ticket(id="a", title="Concert"))

    assert documents["documents"].count_documents({}) == 0


def test_a_saved_document_belongs_to_no_session_any_more(documents: Database[Any]) -> None:
    ticket = Ticket(id="a", title="Concert")
    in_transaction(documents, lambda session: save(session, ticket))

    ticket.title = "Opera"
    ticket.save()

    assert documents["documents"].count_documents({"title": "Opera"}) == 1
