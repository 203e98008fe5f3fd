"""Configurations are checked as a whole, and say everything that is wrong with them at once."""

from typing import Any

import pytest

from cqrs.broker import InvalidConfiguration, define_broker, define_consumer, define_producer, define_topic

URI = "mongodb://127.0.0.1/"


def test_the_defaults_are_those_of_the_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MONGODB_BROKER_DATABASE", raising=False)

    broker = define_broker(mongo_uri=URI)
    producer = define_producer(topic="orders")
    consumer = define_consumer(group_id="billing", topic="orders")

    assert (broker.database, broker.auto_create_topics, broker.log_level) == ("change-stream-broker", True, "INFO")
    assert (producer.partitions, producer.retention_ms, producer.partition_strategy) == (1, None, "hash")
    assert (consumer.auto_commit, consumer.auto_commit_interval_ms, consumer.from_beginning) == (True, 15_000, False)
    assert (consumer.max_retries, consumer.retry_delay_ms, consumer.batch_size) == (3, 1000, 100)
    assert (consumer.max_await_time_ms, consumer.partitions, consumer.on_purged) == (1000, None, "earliest")


def test_address_and_database_come_from_the_environment_as_it_is_at_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_BROKER_URI", URI)
    monkeypatch.setenv("MONGODB_BROKER_DATABASE", "purchase-events")

    broker = define_broker()

    assert (broker.mongo_uri, broker.database) == (URI, "purchase-events")


def test_all_mistakes_of_a_consumer_are_reported_together() -> None:
    wrong: dict[str, Any] = {
        "group_id": "",
        "topic": ".hidden",
        "partitions": [],
        "auto_commit": "yes",
        "auto_commit_interval_ms": 0,
        "max_retries": -1,
        "batch_size": "100",
        "on_purged": "guess",
        "payload": 5,
    }

    with pytest.raises(InvalidConfiguration) as caught:
        define_consumer(**wrong)

    assert len(caught.value.mistakes) == len(wrong)
    for name, mistake in zip(wrong, caught.value.mistakes, strict=True):
        assert mistake.startswith(name)


def test_all_mistakes_of_a_producer_are_reported_together() -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        define_producer(topic="a b", partitions=0, retention_ms=0, partition_strategy="random")  # type: ignore[arg-type]

    assert len(caught.value.mistakes) == 4


def test_all_mistakes_of_a_broker_are_reported_together_without_the_address() -> None:
    wrong: dict[str, Any] = {
        "mongo_uri": "postgresql://user:secret@host/",
        "database": "a/b",
        "auto_create_topics": 1,
        "log_level": "LOUD",
    }

    with pytest.raises(InvalidConfiguration) as caught:
        define_broker(**wrong)

    assert len(caught.value.mistakes) == 4
    assert "secret" not in str(caught.value)


def test_a_configuration_shows_no_password() -> None:
    broker = define_broker(mongo_uri="mongodb://user:secret@host/")

    shown = repr(broker)

    assert "secret" not in shown


@pytest.mark.parametrize("name", ["a", "purchases.new-purchase", "A_1-b.c", "-", "x" * 200])
def test_a_good_topic_name_is_accepted(name: str) -> None:
    topic = define_topic(name=name)

    assert topic.name == name


@pytest.mark.parametrize("name", ["", "x" * 201, ".a", "a.", "a..b", "a b", "a$b", "ä", "a\n", "a/b", "a\0", None, 5])
def test_a_bad_topic_name_is_refused(name: Any) -> None:
    with pytest.raises(InvalidConfiguration):
        define_topic(name=name)


def test_a_configuration_cannot_be_changed() -> None:
    topic = define_topic(name="orders")

    with pytest.raises(AttributeError):
        topic.partitions = 5  # type: ignore[misc]
