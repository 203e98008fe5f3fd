"""What tracking, the scheduler and the report ask has an index, whatever has gathered."""

from datetime import timedelta
from typing import Any

import pytest

from cqrs.clock import now
from cqrs.delivery.counting import moment, pages_within
from cqrs.delivery.ledger import PUBLISH_PAGES, RECEIVED_PAGES, WINDOWS, Ledger
from cqrs.delivery.records import milliseconds
from tests.broker.test_query_plans import plans_of
from tests.delivery.recorded import Recorder

NUMBER = 300
AT = milliseconds(now())
A_WINDOW = pages_within(AT - 2500, AT - 2000)
START = {"$gte": moment(AT - 10_000)}


@pytest.mark.parametrize(
    ("collection", "which", "sort"),
    [
        (PUBLISH_PAGES, A_WINDOW, None),
        (RECEIVED_PAGES, A_WINDOW, None),
        (PUBLISH_PAGES, {"createdAt": {"$gte": moment(AT + 3_600_000)}}, None),
        (RECEIVED_PAGES, {"createdAt": {"$gte": moment(AT + 3_600_000)}}, None),
        (PUBLISH_PAGES, {}, {"first": 1}),
        (WINDOWS, {"start": START}, {"start": -1, "topic": 1}),
        (WINDOWS, {"topic": {"$eq": "t"}, "start": START}, {"start": -1, "topic": 1}),
        (WINDOWS, {"topic": "t", "expected": {"$gt": 0}}, {"start": -1}),
        (WINDOWS, {"start": moment(AT)}, None),
    ],
)
def test_it_has_an_index(ledger: Ledger, collection: str, which: Any, sort: Any) -> None:
    recorder = Recorder(ledger, before_now=3600)
    events = [str(number) for number in range(NUMBER)]
    for number, event in enumerate(events):
        # So far from one another that none shares a page.
        recorder.publish(event, to=("mailing",), later=-2.0 * number)
    for number, event in enumerate(events):
        recorder.receive(event, by=("mailing",), later=-2.0 * number)
    start = now() - timedelta(days=1)
    ledger.collection(WINDOWS).insert_many(
        [{"start": start + timedelta(seconds=number), "topic": "other", "expected": 1} for number in range(NUMBER)]
    )

    command = {"find": collection, "filter": which, "limit": 1 if sort else 0, **({"sort": sort} if sort else {})}
    database = ledger.collection(collection).database
    explained = database.command("explain", command, verbosity="executionStats")

    assert not {plan["stage"] for plan in plans_of(explained)} & {"COLLSCAN", "SORT"}
    assert explained["executionStats"]["totalDocsExamined"] <= NUMBER // 10


def test_what_nobody_needs_any_more_expires(ledger: Ledger) -> None:
    ledger.prepare()
    shorter = Ledger(ledger.collection(WINDOWS).database, kept_seconds=60)

    shorter.prepare()

    for name in (PUBLISH_PAGES, RECEIVED_PAGES, WINDOWS):
        assert ledger.collection(name).index_information()["kept"]["expireAfterSeconds"] == 60
