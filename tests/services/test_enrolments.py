"""Every purchase that is heard of becomes one enrolment, and a student's are listed newest first."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from cqrs.broker import Broker, Message, dead_letters, define_producer
from cqrs.testing.waiting import wait_until
from cqrs_project.consuming import Consuming
from tests.services.at_work import GROUP, TOPIC, enrolling, wait_until_caught_up
from tests.services.buying import bought, wanted
from users_query.mongodb import database


def enrolments(client: Client, student: str, **parameters: Any) -> dict[str, Any]:
    answer = client.get("/api/enrolments", {"student": student, **parameters})
    assert answer.status_code == 200, answer.content
    page: dict[str, Any] = answer.json()
    return page


def test_a_purchase_becomes_the_enrolment_of_its_customer_in_its_course(client: Client, at_work: Consuming) -> None:
    before = datetime.now(UTC)
    purchase_id = bought(client, "ada", 7)

    (enrolment,) = wait_until(lambda: enrolments(client, "ada")["items"], "she is enrolled")

    assert enrolment.items() >= {"id": purchase_id, "student": "ada", "course": wanted("ada", 7)["product"]}.items()
    assert before.timestamp() - 0.001 <= datetime.fromisoformat(enrolment["enrolledAt"]).timestamp()


def test_what_was_bought_before_the_group_was_there_is_enrolled_too(client: Client, broker: Broker) -> None:
    ids = {bought(client, "ada", number) for number in range(3)}

    with enrolling(broker):
        wait_until_caught_up(broker)

    assert {enrolment["id"] for enrolment in enrolments(client, "ada")["items"]} == ids


def test_hearing_of_everything_again_changes_nothing(client: Client, broker: Broker) -> None:
    with enrolling(broker):
        for number in range(5):
            bought(client, f"student-{number}", number)
        wait_until_caught_up(broker)
    first = list(database()["enrolments"].find().sort("_id"))
    broker.store.positions.delete_many({})

    with enrolling(broker):
        wait_until_caught_up(broker)

    assert len(first) == 5
    assert list(database()["enrolments"].find().sort("_id")) == first


def test_a_message_of_another_shape_is_put_aside_and_keeps_nobody_waiting(
    client: Client, broker: Broker, at_work: Consuming
) -> None:
    anything = broker.create_producer(define_producer(topic=TOPIC))
    anything.send(Message(key="mallory", value={"purchaseId": "no id"}))
    purchase_id = bought(client, "ada")

    wait_until_caught_up(broker)

    assert [enrolment["id"] for enrolment in enrolments(client, "ada")["items"]] == [purchase_id]
    assert [letter.record.message.key for letter in dead_letters.listing(broker.store, group=GROUP)] == ["mallory"]


def test_pages_lead_from_the_newest_to_the_oldest_and_hold_nobody_else(
    client: Client, broker: Broker, at_work: Consuming
) -> None:
    ids = [bought(client, "ada", number) for number in range(7)]
    bought(client, "bob")
    wait_until_caught_up(broker)

    seen, cursor = [], None
    while True:
        page = enrolments(client, "ada", limit=3, **({"cursor": cursor} if cursor else {}))
        seen.append([enrolment["id"] for enrolment in page["items"]])
        cursor = page["nextCursor"]
        if cursor is None:
            break

    assert seen == [ids[:3:-1], ids[3:0:-1], ids[:1]]


def test_a_cursor_is_of_one_student(client: Client, broker: Broker, at_work: Consuming) -> None:
    for number in range(2):
        bought(client, "ada", number)
    wait_until_caught_up(broker)
    cursor = enrolments(client, "ada", limit=1)["nextCursor"]

    answer = client.get(f"/api/enrolments?student=bob&limit=1&cursor={quote(cursor)}")

    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "cursor")


def test_nobody_is_enrolled_in_nothing(client: Client) -> None:
    assert enrolments(client, "nobody") == {"items": [], "nextCursor": None}


@pytest.mark.parametrize("limit", [1, 200])
def test_a_list_is_read_from_its_index(broker: Broker, limit: int) -> None:
    plan = database()["enrolments"].find({"student": {"$eq": "ada"}}).sort("_id", -1).limit(limit).explain()

    assert "of_student_newest_first" in str(plan["queryPlanner"]["winningPlan"])
