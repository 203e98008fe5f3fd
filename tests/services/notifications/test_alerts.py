"""An alert is kept once for its reading, and shown with the state of its delivery."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from django.test import Client

from services.notifications.alert_outbox import NOTIFICATIONS, AlertOutbox
from tests.bad_input.refused import assert_refused
from tests.services.notifications.alerting import OTHER, SENSOR, TIME, alert, listed, send, typed
from tests.threads import in_threads
from users_query.mongodb import database

PENDING = {"state": "pending", "attempts": 0, "lastError": None}


def test_an_alert_is_kept_as_it_came(client: Client) -> None:
    before = datetime.now(UTC).timestamp() - 0.001

    answer = send(client, alert())

    (found,) = listed(client)["items"]
    assert (answer.status_code, answer.content) == (204, b"")
    assert found.items() >= {"type": "alert", "context": alert(), "delivery": PENDING}.items()
    assert before <= datetime.fromisoformat(found["createdAt"]).timestamp()
    assert found["createdAt"] == found["updatedAt"]
    assert client.get(f"/alerts/{found['id']}").json() == found


def test_the_same_reading_again_changes_nothing(client: Client) -> None:
    send(client, alert())
    first = listed(client)

    again = send(client, alert())

    assert again.status_code == 204
    assert listed(client) == first


def test_of_many_at_once_one_is_kept(client: Client) -> None:
    answers = in_threads([lambda: send(client, alert())] * 8)

    assert [answer.status_code for answer in answers] == [204] * 8
    assert len(listed(client)["items"]) == 1


def test_the_same_reading_with_another_value_is_a_conflict(client: Client) -> None:
    send(client, alert(6.2))

    assert_refused(send(client, alert(6.3)), 409)
    assert listed(client)["items"][0]["context"] == alert(6.2)


def test_within_a_transaction_it_is_kept_with_the_commit(client: Client, outbox: AlertOutbox) -> None:
    with database().client.start_session() as session:
        session.start_transaction()
        outbox.keep(typed(), session=session)
        before = listed(client)["items"]
        session.commit_transaction()

    assert before == []
    assert len(listed(client)["items"]) == 1


def test_alerts_are_told_apart_by_state_and_sensor(client: Client, outbox: AlertOutbox) -> None:
    for time in range(3):
        send(client, alert(time=time))
    send(client, alert(sensor=OTHER))
    ids = [item["id"] for item in listed(client)["items"]]
    outbox.note_sent([UUID(ids[-1])])

    assert [item["id"] for item in listed(client, state="sent")["items"]] == ids[-1:]
    assert [item["id"] for item in listed(client, state="pending", sensorId=SENSOR)["items"]] == ids[1:-1]
    assert [item["id"] for item in listed(client, sensorId=OTHER)["items"]] == ids[:1]
    assert listed(client, state="failed") == {"items": [], "nextCursor": None}


def test_pages_lead_from_the_newest_to_the_oldest(client: Client) -> None:
    for time in range(7):
        send(client, alert(time=time))
        send(client, alert(time=time, sensor=OTHER))

    seen, cursor = [], None
    while True:
        page = listed(client, sensorId=SENSOR, limit=3, **({"cursor": cursor} if cursor else {}))
        seen.append([item["context"]["context"]["reading"]["time"] for item in page["items"]])
        cursor = page["nextCursor"]
        if cursor is None:
            break

    assert seen == [[6, 5, 4], [3, 2, 1], [0]]


@pytest.mark.parametrize("changed", [{"sensorId": OTHER}, {"state": "sent"}])
def test_a_cursor_is_of_one_question(client: Client, changed: dict[str, str]) -> None:
    for time in range(2):
        send(client, alert(time=time))
    cursor = listed(client, limit=1)["nextCursor"]

    assert_refused(client.get("/alerts", {"limit": 1, "cursor": cursor, **changed}), 400)


def test_what_is_not_there_is_not_found(client: Client) -> None:
    assert_refused(client.get(f"/alerts/{uuid4()}"), 404)
    assert_refused(client.post(f"/alerts/{uuid4()}/retry"), 404)


def test_only_a_failed_alert_is_made_pending_again(client: Client, outbox: AlertOutbox) -> None:
    send(client, alert())
    (found,) = listed(client)["items"]
    outbox.note_refusal(UUID(found["id"]), "the provider answered 422", attempts=3, most=3)
    failed = client.get(f"/alerts/{found['id']}").json()["delivery"]

    retried = client.post(f"/alerts/{found['id']}/retry")
    pending = client.get(f"/alerts/{found['id']}").json()["delivery"]
    once_more = client.post(f"/alerts/{found['id']}/retry")
    outbox.note_sent([UUID(found["id"])])
    sent = client.post(f"/alerts/{found['id']}/retry")

    assert failed == {"state": "failed", "attempts": 3, "lastError": "the provider answered 422"}
    assert (retried.status_code, pending, once_more.status_code) == (204, PENDING, 204)
    assert_refused(sent, 409)


def test_what_was_sent_stays_so_whoever_is_late(client: Client, outbox: AlertOutbox) -> None:
    send(client, alert())
    notification_id = UUID(listed(client)["items"][0]["id"])
    outbox.note_sent([notification_id])

    outbox.note_refusal(notification_id, "late", attempts=3, most=3)
    outbox.note_outage(notification_id, "late")

    assert listed(client)["items"][0]["delivery"] == {"state": "sent", "attempts": 0, "lastError": None}


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({"context.context.reading.sensorId": UUID(SENSOR)}, "newest_of_sensor"),
        ({"delivery.state": "pending"}, "newest_in_state"),
        ({"context.context.reading.sensorId": UUID(SENSOR), "delivery.state": "pending"}, "of_sensor_in_state"),
        ({}, "_id_"),
    ],
)
def test_every_list_is_read_from_an_index(outbox: AlertOutbox, wanted: dict[str, object], index: str) -> None:
    for time in range(20):
        outbox.keep(typed(time=TIME + time))
    for sent in outbox.newest(state=None, sensor_id=None, before=None, limit=18):
        outbox.note_sent([sent.id])
    for time in range(20):
        outbox.keep(typed(time=TIME + time, sensor=OTHER))

    plan = database()[NOTIFICATIONS].find(wanted).sort("_id", -1).limit(10).explain()["queryPlanner"]["winningPlan"]

    assert f"'indexName': '{index}'" in str(plan)
    assert "'stage': 'SORT'" not in str(plan)
