"""Converting to a type from several threads at once, for the first time."""

import subprocess
import sys

import msgspec
import pytest

from cqrs.conversion import converted, decoded_json, decoded_msgpack
from infra.stack.layout import REPOSITORY
from tests.core.converting_at_once import THREADS, TYPES


class Point(msgspec.Struct, frozen=True, kw_only=True):
    x: int


def test_threads_that_are_the_first_to_convert_to_a_type_all_do() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.core.converting_at_once", "converted"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert (run.returncode, run.stdout, run.stderr) == (0, f"{TYPES * THREADS}\n", "")


def test_all_forms_give_the_type_or_say_what_does_not_fit() -> None:
    fits, does_not = {"x": 1}, {"x": "one"}

    forms = [
        converted(fits, Point),
        decoded_json(msgspec.json.encode(fits), Point),
        decoded_msgpack(msgspec.msgpack.encode(fits), Point),
    ]

    assert forms == [Point(x=1)] * 3
    with pytest.raises(msgspec.ValidationError):
        converted(does_not, Point)
    with pytest.raises(msgspec.ValidationError):
        decoded_json(msgspec.json.encode(does_not), Point)
    with pytest.raises(msgspec.ValidationError):
        decoded_msgpack(msgspec.msgpack.encode(does_not), Point)


def test_where_it_is_not_strict_a_number_may_come_as_text() -> None:
    point = converted({"x": "1"}, Point, strict=False)

    assert point == Point(x=1)
