"""Preparing a ledger again changes nothing, and what an earlier version has kept under a view's name stays."""

from typing import Any

from pymongo.database import Database

from cqrs.clock import now
from cqrs.delivery.ledger import FORMER, PUBLISH_RECORDS, Ledger
from cqrs.delivery.recording import Recording
from cqrs.delivery.records import TrackedEvent

EVENT = TrackedEvent(topic="users", event_id="new", trace_id=None, payload="{}", published_at=now())


def test_records_of_an_earlier_version_are_kept_beside_the_view(database: Database[Any]) -> None:
    database[PUBLISH_RECORDS].insert_one({"eventID": "former"})
    ledger = Ledger(database)

    ledger.prepare()
    ledger.prepare()
    Recording(ledger).write_publications([EVENT], status="published")

    assert [record["eventID"] for record in database[PUBLISH_RECORDS].find()] == ["new"]
    assert [record["eventID"] for record in database[PUBLISH_RECORDS + FORMER].find()] == ["former"]
