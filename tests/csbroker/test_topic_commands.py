"""Topics on a real MongoDB, by command."""

from pymongo import MongoClient

from cqrs.broker import Broker, Message, define_producer, define_topic
from tests.csbroker.service import Service

TOPIC = "purchases.new-purchase"


def test_apply_creates_the_topics_after_showing_the_plan(connected: Service, broker: Broker) -> None:
    first = connected.ok("generate", "--apply")
    created = broker.topics.get(TOPIC)
    again = connected.ok("generate", "--apply", "--json").json

    assert f"{TOPIC}: create with 3 partitions, kept for 604800000 ms" in first.err
    assert (created.partitions, created.retention_ms) == (3, 604_800_000)
    assert [(step["topic"], step["action"]) for step in again["topics"]] == [(TOPIC, "none")]


def test_apply_changes_retention_but_never_partitions(connected: Service, broker: Broker) -> None:
    broker.topics.create(define_topic(name=TOPIC, partitions=2))

    ended = connected.ok("generate", "--apply")

    topic = broker.topics.get(TOPIC)
    assert (topic.partitions, topic.retention_ms) == (2, 604_800_000)
    assert f"csbroker topic add-partitions {TOPIC} 3" in ended.err


def test_a_topic_is_created_once(connected: Service) -> None:
    created = connected.ok("topic", "create", "orders", "--partitions", "2", "--retention-ms", "60000", "--json").json
    again = connected.run("topic", "create", "orders")
    listed = connected.ok("topics", "--json").json

    assert (created["partitions"], created["retentionMs"]) == (2, 60_000)
    assert (again.code, again.err) == (1, "there is a topic 'orders' already\n")
    assert [(topic["name"], topic["partitions"]) for topic in listed] == [("orders", 2)]


def test_describe_shows_what_each_partition_holds(connected: Service, broker: Broker) -> None:
    broker.topics.create(define_topic(name="orders", partitions=2))
    sent = broker.create_producer(define_producer(topic="orders")).send([Message(value=n) for n in range(5)])

    described = connected.ok("topic", "describe", "orders", "--json").json

    counts = [sum(place.partition == partition for place in sent) for partition in range(2)]
    assert [one["messages"] for one in described["partitions"]] == counts
    assert [one["latest"] for one in described["partitions"]] == counts


def test_partitions_are_added_with_a_word_on_the_order_of_keys(connected: Service, broker: Broker) -> None:
    broker.topics.create(define_topic(name="orders", partitions=2))

    added = connected.ok("topic", "add-partitions", "orders", "5")
    same = connected.ok("topic", "add-partitions", "orders", "5")
    fewer = connected.run("topic", "add-partitions", "orders", "1")

    assert broker.topics.get("orders").partitions == 5
    assert "most keys go to another partition" in added.err
    assert "already" in same.err
    assert (fewer.code, fewer.out) == (1, "")


def test_a_topic_that_is_not_there_is_named(connected: Service) -> None:
    for command in (("topic", "describe", "none"), ("topic", "add-partitions", "none", "3"), ("consume", "none")):
        ended = connected.run(*command)

        assert (ended.code, ended.err) == (1, "there is no topic 'none'\n")


def test_an_impossible_topic_is_refused_with_all_that_is_wrong(connected: Service) -> None:
    ended = connected.run("topic", "create", "a b", "--partitions", "0")

    assert ended.code == 1
    assert "a b" in ended.err
    assert "partitions" in ended.err


def test_reading_creates_nothing_in_the_database(connected: Service) -> None:
    listed = connected.ok("topics", "--json", NODE_ENV="production").json

    assert listed == []
    with MongoClient[dict[str, object]](connected.environment["MONGODB_BROKER_URI"]) as client:
        assert client[connected.environment["MONGODB_BROKER_DATABASE"]].list_collection_names() == []


def test_changing_is_refused_in_production(connected: Service) -> None:
    for command in (
        ("topic", "create", "orders"),
        ("topic", "add-partitions", "orders", "3"),
        ("produce", "orders", "1"),
    ):
        assert connected.run(*command, NODE_ENV="production").code == 3
    assert connected.run("generate", "--apply", CSBROKER_ENV="production").code == 3
    assert connected.ok("topics", "--json").json == []


def test_an_unreachable_mongodb_is_said_in_a_line(connected: Service) -> None:
    uri = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200"

    ended = connected.run("topics", MONGODB_BROKER_URI=uri)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "mongodb is unavailable: 127.0.0.1:1: [Errno 111] Connection refused\n"


def test_without_working_files_the_environment_says_where_the_broker_is(connected: Service, broker: Broker) -> None:
    broker.topics.create(define_topic(name="orders"))
    connected.config.unlink()

    assert [topic["name"] for topic in connected.ok("topics", "--json").json] == ["orders"]
