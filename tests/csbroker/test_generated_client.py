"""What `generate` writes: typed, importable, complete, and always the same."""

import json
import subprocess
import sys
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from tests.csbroker.service import Service

PURCHASE = {
    "customer": {"id": "c-1", "authUserId": "u-1"},
    "product": {"id": "p-1", "title": "Algebra", "slug": "algebra"},
}

SENDER = """
from client import Customer, Product, PurchaseCreatedPayload, producers
from client.consumers import classroom_consumer_value
from cqrs.broker import ConsumerRecord

purchase = PurchaseCreatedPayload(
    customer=Customer(id="c", auth_user_id="u"), product=Product(id="p", title="t", slug="s")
)
message = producers.purchases_producer_message(purchase, key="c")


def title(record: ConsumerRecord) -> str:
    return classroom_consumer_value(record).product.title
"""

PAYLOADS_OF_EVERY_KIND = """\
from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct


class Opened(Struct, tag=True):
    at: str


class Closed(Struct, tag=True):
    at: str
    before: Opened | None = None


@dataclass
class Note:
    text: str
"""

CONFIGURATIONS_OF_EVERY_KIND = """\
from __future__ import annotations

from cqrs.broker import define_broker, define_consumer, define_producer, define_topic

from .message_payload import Closed, Note, Opened

the_broker = define_broker()
audit = define_topic(name="audit", partitions=2)
doors = define_producer(topic="doors", payload=Opened | Closed)
notes = define_producer(topic="notes.v1", payload=Note)
anything = define_producer(topic="notes-v1")
door_reader = define_consumer(group_id="g", topic="doors", payload=Opened | Closed)
other_reader = define_consumer(group_id="g", topic="elsewhere")
"""


def run_python(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=service.folder, capture_output=True, text=True, check=False, timeout=120
    )


def mypy(service: Service, *what: str) -> subprocess.CompletedProcess[str]:
    return run_python(service, "-m", "mypy", "--strict", "--config-file=", *what)


def test_the_client_is_clean_under_strict_mypy(generated: Service) -> None:
    (generated.folder / "sender.py").write_text(SENDER)

    result = mypy(generated, "client", "sender.py")

    assert result.returncode == 0, result.stdout


def test_mypy_sees_a_wrong_payload(generated: Service) -> None:
    (generated.folder / "sender.py").write_text(SENDER.replace("message(purchase, ", "message(purchase.product, "))

    result = mypy(generated, "sender.py")

    assert result.returncode == 1
    assert 'expected "PurchaseCreatedPayload"' in result.stdout


def test_the_client_has_what_was_declared(generated: Service) -> None:
    program = """
import client
from client import broker, consumers, producers, topics
print(broker.log_context)
print(producers.purchases_producer.partitions, producers.purchases_producer.retention_ms)
print(consumers.classroom_consumer.group_id)
print(topics.PURCHASES_NEW_PURCHASE, [topic.partitions for topic in topics.DEFINED])
print(producers.purchases_producer.payload is client.PurchaseCreatedPayload is consumers.classroom_consumer.payload)
"""

    result = run_python(generated, "-c", program)

    assert result.stdout.splitlines() == [
        "purchases",
        "3 604800000",
        "classroom-service",
        "purchases.new-purchase [3]",
        "True",
    ]


def test_declarations_of_every_kind_pass_strict_mypy(service: Service) -> None:
    service.payloads.write_text(PAYLOADS_OF_EVERY_KIND)
    service.config.write_text(CONFIGURATIONS_OF_EVERY_KIND)
    service.ok("generate")

    result = mypy(service, "client")
    document = json.loads((service.client / "asyncapi.json").read_text())

    assert result.returncode == 0, result.stdout
    assert list(document["channels"]) == ["audit", "doors", "elsewhere", "notes-v1", "notes.v1"]
    assert list(document["channels"]["doors"]["messages"]) == ["Closed", "Opened"]
    topics = (service.client / "topics.py").read_text()
    assert 'NOTES_V1: Final = "notes-v1"' in topics
    assert 'NOTES_V1_2: Final = "notes.v1"' in topics


def test_the_json_schema_of_a_payload_tells_right_from_wrong(generated: Service) -> None:
    schema = json.loads((generated.client / "schemas/PurchaseCreatedPayload.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)

    validator.validate(PURCHASE)
    with pytest.raises(ValidationError, match="'authUserId' is a required property"):
        validator.validate({**PURCHASE, "customer": {"id": "c-1"}})


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*(references(inner) for inner in value.values()))
    return set().union(*(references(inner) for inner in value)) if isinstance(value, list) else set()


def resolved(document: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def test_the_asyncapi_document_has_the_parts_that_version_3_requires(generated: Service) -> None:
    document = json.loads((generated.client / "asyncapi.json").read_text())
    (channel,) = document["channels"].values()

    assert document["asyncapi"] == "3.0.0"
    assert set(document["info"]) >= {"title", "version"}
    assert channel["address"] == "purchases.new-purchase"
    assert {name: operation["action"] for name, operation in document["operations"].items()} == {
        "purchases_producer": "send",
        "classroom_consumer": "receive",
    }
    for operation in document["operations"].values():
        assert resolved(document, operation["channel"]["$ref"]) is channel
        # An operation names messages of its channel, not of the components.
        assert all(ref["$ref"].startswith(operation["channel"]["$ref"] + "/messages/") for ref in operation["messages"])
    found = references(document)
    assert len(found) >= 5
    assert all(resolved(document, reference) for reference in found)
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_the_same_files_give_the_same_bytes(service: Service) -> None:
    service.ok("generate", PYTHONHASHSEED="1")
    first = service.files()
    service.ok("init", "--force")

    second = service.ok("generate", PYTHONHASHSEED="2")

    assert "up to date" in second.err
    assert service.files() == first
    assert service.backups() == []


def test_no_address_is_needed_and_none_is_written(service: Service) -> None:
    service.ok("generate", MONGODB_BROKER_URI="mongodb://user:secret@db.example/")
    with_address = service.files()

    ended = service.run("generate", "--check")

    assert ended.code == 0
    assert not [name for name, content in with_address.items() if b"secret" in content]


def test_check_tells_drift_and_writes_nothing(service: Service) -> None:
    missing = service.run("generate", "--check", "--json")
    nothing_written = not service.client.exists()
    service.ok("generate")
    equal = service.run("generate", "--check")
    (service.client / "topics.py").write_text("# by hand\n")
    edited = service.run("generate", "--check", "--json")

    assert (missing.code, nothing_written) == (1, True)
    assert "producers.py" in missing.json["changed"]
    assert equal.code == 0
    assert (edited.code, edited.json["changed"]) == (1, ["topics.py"])


def test_check_and_apply_exclude_each_other(service: Service) -> None:
    assert service.run("generate", "--check", "--apply").code == 2
