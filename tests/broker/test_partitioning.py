"""The published hash: these vectors stand in docs/broker.md, and never change."""

import re
from typing import Any

import pytest

from cqrs.broker import Message
from cqrs.broker.partitioning import Partitioner, canonical_json, hash_partition
from tests.architecture.sources import ROOT

# Text, first eight hex digits of its md5, partition of 3 and of 12.
VECTORS = [
    ("", "d41d8cd9", 1, 1),
    ("a", "0cc175b9", 0, 9),
    ("order-1", "6e7f85a9", 2, 5),
    ("purchase-3", "afabb101", 2, 5),
    ("ação", "ce762a2c", 2, 8),
    ("customer/42", "6713bfb6", 0, 6),
    ('{"a":1,"b":[true,null,"é"]}', "940c1c35", 1, 1),
]

CANONICAL: list[tuple[Any, str]] = [
    ({"b": [True, None, "é"], "a": 1}, '{"a":1,"b":[true,null,"é"]}'),
    (None, "null"),
    ([], "[]"),
    ({"": {}}, '{"":{}}'),
    (1.0, "1.0"),
    (1e16, "1e+16"),
    ('a\n"\u2028', '"a\\n\\"\u2028"'),
    ({"ä": 1, "z": 2, "Z": 3}, '{"Z":3,"z":2,"ä":1}'),
]


@pytest.mark.parametrize(("text", "digits", "of_3", "of_12"), VECTORS)
def test_the_hash_gives_the_published_partitions(text: str, digits: str, of_3: int, of_12: int) -> None:
    partitions = [hash_partition(text, number) for number in (3, 12)]

    assert partitions == [of_3, of_12]
    assert partitions == [int(digits, 16) % 3, int(digits, 16) % 12]


def test_the_documentation_publishes_these_vectors() -> None:
    page = (ROOT / "docs/broker.md").read_text()

    rows = re.findall(r"^\| `(.*)` \| `([0-9a-f]{8})` \| (\d+) \| (\d+) \|$", page, flags=re.MULTILINE)

    assert [(text.removesuffix("(empty)"), digits, int(a), int(b)) for text, digits, a, b in rows] == VECTORS


@pytest.mark.parametrize(("value", "spelled"), CANONICAL)
def test_a_value_has_one_canonical_spelling(value: Any, spelled: str) -> None:
    text = canonical_json(value)

    assert text == spelled


@pytest.mark.parametrize("partitions", [2, 3, 12])
def test_without_a_key_the_value_decides(partitions: int) -> None:
    partitioner = Partitioner("hash")
    value, spelled = CANONICAL[0]

    partition = partitioner.place(Message(value=value), partitions)

    assert partition == hash_partition(spelled, partitions)
