"""What a store could not hold is refused before it is anywhere, and everything else is read like the standard does."""

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqrs.web.errors import PayloadTooLarge
from cqrs.web.strict_json import JsonRefused, decode, decode_lines

# What takes some milliseconds takes less than this on any machine; what is quadratic in its length does not.
AT_ONCE = 5.0

storable_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
storable_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | storable_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(storable_text, inner, max_size=4),
    max_leaves=20,
)


@given(value=storable_json, ascii_only=st.booleans())
def test_storable_values_are_read_as_the_standard_library_reads_them(value: Any, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()

    decoded = decode(raw)

    assert decoded == json.loads(raw)


@given(raw=st.binary(max_size=60) | st.text(alphabet='{}[]":,\\u0dD8019eE+-. \n', max_size=60).map(str.encode))
def test_any_bytes_are_either_read_like_the_standard_library_does_or_refused(raw: bytes) -> None:
    try:
        decoded = decode(raw)
    except JsonRefused:
        return

    assert decoded == json.loads(raw.decode())


@given(value=storable_json, character=st.sampled_from(["\0", "\ud800", "\udfff"]), as_key=st.booleans())
def test_unstorable_characters_are_refused_wherever_they_stand(value: Any, character: str, as_key: bool) -> None:
    bad = {f"k{character}": value} if as_key else [value, f"v{character}"]
    raw = json.dumps({"deep": [bad]}).encode()

    with pytest.raises(JsonRefused) as refused:
        decode(raw)

    assert refused.value.code == "text"
    assert refused.value.path.startswith("deep[0]")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "json"),
        (b"{", "json"),
        (b"{} {}", "json"),
        (b"{'a': 1}", "json"),
        (b"[1,]", "json"),
        (b"[01]", "json"),
        (b'"a\nb"', "json"),
        (b'"a\0b"', "json"),
        (b"NaN", "json"),
        (b"[Infinity]", "json"),
        (b"[-Infinity]", "json"),
        (b"1e999", "range"),
        (b"-1e999", "range"),
        (b"9223372036854775808", "range"),
        (b"-9223372036854775809", "range"),
        (b"9" * 400, "range"),
        (b"9" * 200_000, "range"),
        (b'"\xff"', "utf8"),
        (b'"\xed\xa0\x80"', "utf8"),
        (b"\xef\xbb\xbf{}", "bom"),
        ('{"a": 1}'.encode("utf-16"), "utf8"),
        (b'{"a": 1, "b": 2, "a": 1}', "duplicate_key"),
        (b'[{"a": {"b": 1, "b": 2}}]', "duplicate_key"),
        (b'{"a": 1, "\\u0061": 2}', "duplicate_key"),
        (b'"\\u0000"', "text"),
        (b'{"\\uD800": 1}', "text"),
        (b'"\\udc00\\ud800"', "text"),
    ],
)
def test_what_no_store_should_see_is_refused_with_the_rule_it_breaks(raw: bytes, code: str) -> None:
    with pytest.raises(JsonRefused) as refused:
        decode(raw)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\u0000"', "\\u0000"),
        (b'"\\\\ud800"', "\\ud800"),
        (b" \t\r\n[] \n", []),
        (b'{"$ne": null}', {"$ne": None}),
    ],
)
def test_what_only_looks_dangerous_is_read(raw: bytes, value: Any) -> None:
    assert decode(raw) == value


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
@pytest.mark.parametrize("closing", [b"]", b"}", b""])
def test_a_hundred_thousand_levels_are_refused_at_once(opening: bytes, closing: bytes) -> None:
    raw = opening * 100_000 + closing * 100_000
    started = time.process_time()

    with pytest.raises(JsonRefused) as refused:
        decode(raw, max_bytes=len(raw))

    assert refused.value.code in ("depth", "json")
    assert time.process_time() - started < AT_ONCE


def test_nesting_is_counted_exactly_and_brackets_within_texts_are_not() -> None:
    deepest = b"[" * 32 + b"]" * 32
    one_more = b"[" + deepest + b"]"
    only_text = json.dumps(["[" * 100, {"{": "{" * 100}]).encode()

    assert decode(only_text) == ["[" * 100, {"{": "{" * 100}]
    assert decode(deepest)
    with pytest.raises(JsonRefused, match="not acceptable"):
        decode(one_more)


def test_brackets_in_texts_do_not_hide_real_nesting() -> None:
    raw = b'["]",' * 40 + b"1" + b"]" * 40

    with pytest.raises(JsonRefused) as refused:
        decode(raw)

    assert refused.value.code == "depth"


def test_a_long_number_that_is_finite_is_read_quickly() -> None:
    raw = b"1" * 200_000 + b"e-199990"
    started = time.process_time()

    value = decode(raw)

    assert math.isclose(value, 1111111111.1)
    assert time.process_time() - started < AT_ONCE


def test_a_body_beyond_the_limit_is_refused_by_its_size() -> None:
    with pytest.raises(PayloadTooLarge) as refused:
        decode(b" " * 11, max_bytes=10)

    assert refused.value.limit == 10


def test_an_error_says_at_which_byte_it_is() -> None:
    raw = '{"näme": ]'.encode()

    with pytest.raises(JsonRefused) as refused:
        decode(raw)

    assert refused.value.offset == len(raw) - 1


def test_a_bad_line_does_not_hide_the_lines_around_it() -> None:
    raw = b'{"a": 1}\r\n\n{"a": \n  \n{"a": "\\u0000"}\n{"a": 4}'

    lines = list(decode_lines(raw))

    assert [index for index, _ in lines] == [0, 1, 2, 3]
    assert lines[0][1] == {"a": 1}
    assert [line.code for _, line in lines[1:3]] == ["json", "text"]
    assert lines[3][1] == {"a": 4}


def test_an_overlong_line_is_refused_alone() -> None:
    raw = b'"short"\n"' + b"x" * 100 + b'"\n"short"'

    lines = list(decode_lines(raw, max_line_bytes=50))

    assert [getattr(value, "code", value) for _, value in lines] == ["short", "length", "short"]
