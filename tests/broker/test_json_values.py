"""A value comes back exactly as it was given, or is refused before anything is written."""

import math
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Int64, ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cqrs.broker import Broker, InvalidMessage, Message, Producer, define_producer
from cqrs.broker.reading import read

TOPIC = "values"

EDGES = [2**63 - 1, -(2**63), 2**31, -(2**31) - 1, 2**31 - 1, 0]
# Names that mean something to MongoDB, its drivers or its query language.
TRICKY = ["", ".", "a.b", "$", "$set", "$ref", "$id", "$db", "_id", "$numberLong", "__proto__", "key", "value"]

texts = st.text(st.characters(exclude_categories=["Cs"]))
names = st.sampled_from(TRICKY) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
scalars = (
    st.none()
    | st.booleans()
    | st.sampled_from(EDGES)
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=5), max_leaves=25
)


@pytest.fixture
def producer(broker: Broker) -> Producer:
    return broker.create_producer(define_producer(topic=TOPIC))


def read_back(broker: Broker, producer: Producer, *values: Any) -> list[Any]:
    sent = producer.send([Message(value=value) for value in values])
    page = read(broker.store, topic=TOPIC, partition=0, offset=sent[0].offset, limit=len(values))
    return [record.message.value for record in page.records]


def spelled(value: Any) -> str:
    """Tell apart what compares equal: 1 and 1.0 and True, 0.0 and -0.0, an int and MongoDB's own kind of it."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{spelled(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    return f"{type(value).__name__}({value!r})"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(json_values, min_size=1, max_size=4))
def test_any_json_comes_back_exactly(broker: Broker, producer: Producer, values: list[Any]) -> None:
    back = read_back(broker, producer, *values)

    assert [spelled(value) for value in back] == [spelled(value) for value in values]


@pytest.mark.parametrize(
    "value",
    [
        {"$ref": "orders", "$id": 1},
        {"$ref": "orders", "$id": {"a": 2**40}, "$db": None, "more": [{"$ref": "x", "$id": None}]},
        [[{"$ref": 5, "$id": []}]],
        {"$ref": 1},
        "a\0b",
        {"_id": {"partition": 5}},
        -0.0,
        5e-324,
        [2**63 - 1, -(2**63)],
    ],
)
def test_what_looks_special_to_mongodb_comes_back_as_well(broker: Broker, producer: Producer, value: Any) -> None:
    back = read_back(broker, producer, value)

    assert [spelled(one) for one in back] == [spelled(value)]


def nested(levels: int, *, in_lists: bool) -> Any:
    value: Any = [] if in_lists else {}
    for _ in range(levels - 1):
        value = [value] if in_lists else {"a": value}
    return value


@pytest.mark.parametrize("in_lists", [True, False])
def test_a_hundred_levels_come_back_and_one_more_is_refused(broker: Broker, producer: Producer, in_lists: bool) -> None:
    deepest = nested(100, in_lists=in_lists)

    back = read_back(broker, producer, deepest)

    assert back == [deepest]
    with pytest.raises(InvalidMessage, match="100 levels"):
        producer.send(Message(value=nested(101, in_lists=in_lists)))


def cyclic() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        2**63,
        -(2**63) - 1,
        "\ud800",
        {"\udfff": 1},
        {"a\0b": 1},
        {1: "a"},
        {None: "a"},
        (1, 2),
        {1, 2},
        b"bytes",
        1j,
        datetime(2030, 1, 1, tzinfo=UTC),
        ObjectId(),
        Int64(1),
        OrderedDict(a=1),
        object(),
        cyclic(),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"a": [value]}], ids=["bare", "nested"])
def test_what_is_no_json_or_beyond_bson_is_refused_before_writing(broker: Broker, value: Any, wrap: Any) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))

    with pytest.raises(InvalidMessage):
        producer.send(Message(value=wrap(value)))

    assert broker.topics.all() == []


def test_the_place_of_the_fault_is_named(producer: Producer) -> None:
    with pytest.raises(InvalidMessage) as caught:
        producer.send(Message(value={"items": [{"price": math.nan}]}))

    assert caught.value.reason == "value['items'][0]['price'] is not a finite number"
