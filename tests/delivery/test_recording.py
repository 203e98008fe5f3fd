"""Records that were put off are written once, also where MongoDB has written them and its answer was lost."""

from cqrs.clock import now
from cqrs.delivery.ledger import PUBLISH_RECORDS, RECEIVED_RECORDS, Ledger
from cqrs.delivery.recording import Recording
from cqrs.delivery.records import Publishing, TrackedEvent
from cqrs.testing.waiting import wait_until
from tests.users_query.failing_mongodb import failing_mongodb

EVENT = TrackedEvent(topic="users", event_id="1", trace_id=None, payload="{}", published_at=now())
# The update is made, and only then does the server say that it does not know about a majority.
NO_MAJORITY = {"writeConcernError": {"code": 64, "codeName": "WriteConcernFailed", "errmsg": "no majority"}}


def test_what_was_written_without_an_answer_is_not_written_twice() -> None:
    with failing_mongodb() as mongodb:
        ledger = Ledger(mongodb.documents.database)
        ledger.prepare()
        recording = Recording(ledger)
        records = mongodb.elsewhere.database[RECEIVED_RECORDS]

        with mongodb.failing(**NO_MAJORITY):
            recording.receipts_soon([EVENT], subscription="mailing", at=now())
            wait_until(lambda: records.count_documents({}) == 1, "it is written")
        recording.close()

        assert [record["attempts"] for record in records.find()] == [1]


def test_what_was_attempted_and_published_is_two_records(ledger: Ledger) -> None:
    recording = Recording(ledger)

    recording.write_publications([EVENT], status="attempted")
    recording.publications_soon([Publishing(event=EVENT, status="published", subscriptions=("orders",))])
    recording.close()

    found = {record["status"]: record["subscriptions"] for record in ledger.collection(PUBLISH_RECORDS).find()}
    assert found == {"attempted": [], "published": ["orders"]}
