"""A purchase is taken in once, together with its message, or not at all."""

from collections.abc import Sequence
from functools import partial
from uuid import uuid4

import msgspec
import pytest
from django.test import Client
from pymongo.client_session import ClientSession

from cqrs.broker import Broker, ConsumerRecord, Interceptor, reading
from cqrs.errors import Unavailable
from services.purchases.purchase import PurchaseIn, new_purchase
from services.purchases.shop import Shop
from tests.services.buying import Answer, bought, buy, buy_patiently, wanted
from tests.threads import in_threads
from users_query.mongodb import database

TOPIC = "purchases.new-purchase"


def sent(broker: Broker) -> list[ConsumerRecord]:
    """Every message on the topic."""
    return [
        record
        for partition in range(3)
        for record in reading.read(broker.store, topic=TOPIC, partition=partition, offset=0, limit=1000).records
    ]


def purchases() -> list[str]:
    return [str(document["_id"]) for document in database()["purchases"].find()]


def test_a_purchase_is_answered_with_its_address_and_found_there(client: Client, broker: Broker) -> None:
    answer = buy(client, wanted("ada"))
    found = client.get(answer["Location"])

    assert answer.status_code == 201
    assert answer["Location"] == f"/api/purchases/{answer.json()['id']}"
    assert answer.json().items() > wanted("ada").items()
    assert (found.status_code, found.json()) == (200, answer.json())


def test_its_message_is_under_the_customers_key_and_names_the_purchase(client: Client, broker: Broker) -> None:
    purchase_id = bought(client, "ada")

    (record,) = sent(broker)

    assert record.message.key == "ada"
    assert record.message.value == {"purchaseId": purchase_id, **wanted("ada")}
    assert record.message.headers.items() >= {
        ("eventType", "purchase.created"),
        ("eventId", purchase_id),
        ("source", "purchases"),
    }
    assert "traceparent" in record.message.headers


def test_what_one_customer_buys_keeps_its_order(client: Client, broker: Broker) -> None:
    in_order = [bought(client, "ada", number) for number in range(10)]

    records = sent(broker)

    assert [record.message.value["purchaseId"] for record in records] == in_order


def test_there_is_no_purchase_under_another_id(client: Client) -> None:
    answer = client.get(f"/api/purchases/{uuid4()}")

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


def test_the_same_request_again_gets_the_first_answer_and_sends_nothing(client: Client, broker: Broker) -> None:
    first = buy(client, wanted("ada"), idempotency_key="key-1")

    again = buy(client, wanted("ada"), idempotency_key="key-1")

    assert (again.status_code, again.content) == (201, first.content)
    assert again["Location"] == first["Location"]
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert (len(sent(broker)), len(purchases())) == (1, 1)


def test_another_purchase_under_the_same_key_is_refused(client: Client, broker: Broker) -> None:
    buy(client, wanted("ada"), idempotency_key="key-1")

    other = buy(client, wanted("bob"), idempotency_key="key-1")

    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert (len(sent(broker)), len(purchases())) == (1, 1)


def test_without_a_key_each_request_is_a_purchase(client: Client, broker: Broker) -> None:
    assert bought(client, "ada") != bought(client, "ada")

    assert len(sent(broker)) == 2


def test_of_many_at_once_under_one_key_one_is_taken_in_and_all_get_its_answer(client: Client, broker: Broker) -> None:
    def send() -> Answer:
        return buy_patiently(Client(raise_request_exception=False), wanted("ada"), "key-1")

    answers = in_threads([send] * 8)

    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert (len(sent(broker)), len(purchases())) == (1, 1)


def test_many_customers_at_once_all_get_their_purchase_and_message(client: Client, broker: Broker) -> None:
    def send(name: str) -> Answer:
        return buy_patiently(Client(raise_request_exception=False), wanted(name), f"key-of-{name}")

    answers = in_threads([partial(send, f"customer-{number}") for number in range(16)])

    ids = {answer.json()["id"] for answer in answers}
    assert {answer.status_code for answer in answers} == {201}
    assert {record.message.value["purchaseId"] for record in sent(broker)} == ids == set(purchases())
    assert len(ids) == 16


class Refusing(Interceptor):
    """Fails when messages are appended: the broker's own store is away, say."""

    def before_append(self, records: Sequence[ConsumerRecord], session: ClientSession) -> None:  # noqa: ARG002
        raise Unavailable("mongodb")


def test_where_the_message_cannot_be_sent_there_is_no_purchase(broker: Broker) -> None:
    with Broker(broker.config, interceptors=[Refusing()]) as refusing:
        shop = Shop(database(), refusing)

        with pytest.raises(Unavailable):
            shop.take(new_purchase(msgspec.convert(wanted("ada"), PurchaseIn)))

    assert (sent(broker), purchases()) == ([], [])
