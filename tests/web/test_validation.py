"""One pass tells the client everything that is wrong, by the rules of the one schema."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqrs.web.errors import InvalidRequest
from cqrs.web.validation import MAX_ERRORS, FieldRefused, validate

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=10)]


class Name(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    first_name: Text
    title: Text | None = None


class User(msgspec.Struct, frozen=True, kw_only=True):
    email: Annotated[str, msgspec.Meta(pattern=r"^[^@]+@[^@]+$")]
    name: Name | None = None
    age: Annotated[int, msgspec.Meta(ge=0, le=150)] | msgspec.UnsetType = msgspec.UNSET
    gender: Literal["female", "male"] | None = None
    login: UUID | None = None
    born: datetime | None = None
    tags: list[Text] = []
    counts: dict[str, int] = {}

    def __post_init__(self) -> None:
        if self.email.endswith("@blocked.example"):
            raise FieldRefused("email", "This domain is not taken", "domain")
        if self.age == 13:
            raise ValueError("thirteen is unlucky")


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    results: list[User]


def found(value: Any, schema: type = User, **options: Any) -> set[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as refused:
        validate(value, schema, **options)
    return {(error.path, error.code) for error in refused.value.errors}


def test_a_valid_value_becomes_the_struct() -> None:
    user = validate({"email": "a@b", "name": {"firstName": "Åsa"}, "unknown": 1}, User)

    assert user == User(email="a@b", name=Name(first_name="Åsa"))


def test_every_field_error_is_found_with_its_path_and_code() -> None:
    value = {
        "email": "nobody",
        "name": {"title": ""},
        "age": 151,
        "gender": "other",
        "login": "no-uuid",
        "born": "yesterday",
        "tags": ["good", "far too long a tag", 3],
        "counts": {"a": "1"},
    }

    errors = found(value)

    assert errors == {
        ("email", "format"),
        ("name.firstName", "required"),
        ("name.title", "length"),
        ("age", "range"),
        ("gender", "choice"),
        ("login", "format"),
        ("born", "format"),
        ("tags[1]", "length"),
        ("tags[2]", "type"),
        ("counts.a", "type"),
    }


@pytest.mark.parametrize("value", [None, 3, "text", [], [{"email": "a@b"}], True])
def test_another_type_than_an_object_is_one_error_on_the_whole(value: Any) -> None:
    assert found(value) == {("", "type")}


def test_an_operator_in_place_of_a_text_is_a_type_error() -> None:
    assert found({"email": {"$ne": None}}) == {("email", "type")}


def test_paths_go_through_lists_and_start_with_the_given_one() -> None:
    value = {"results": [{"email": "a@b"}, {"email": "a@b", "name": {}}, 7], "more": 1}

    assert found(value, Batch, path="body") == {
        ("body.results[1].name.firstName", "required"),
        ("body.results[2]", "type"),
        ("body.more", "unknown"),
    }


def test_a_refusal_by_the_struct_itself_names_its_field_or_the_struct() -> None:
    assert found({"email": "a@blocked.example"}) == {("email", "domain")}
    assert found({"email": "a@b", "age": 13}) == {("", "invalid")}
    assert found({"results": [{"email": "a@blocked.example"}]}, Batch) == {("results[0].email", "domain")}


def test_messages_repeat_neither_values_nor_patterns() -> None:
    with pytest.raises(InvalidRequest) as refused:
        validate({"email": "no-at-sign", "gender": "secret"}, User)

    words = " ".join(error.message for error in refused.value.errors)
    assert "secret" not in words
    assert "^" not in words


def test_the_number_of_errors_and_the_length_of_their_paths_are_bounded() -> None:
    many = {"email": "a@b", "tags": [0] * 10_000}
    long_key = {"email": "a@b", "counts": {"k" * 100_000: "x"}}

    with pytest.raises(InvalidRequest) as too_many:
        validate(many, User)
    with pytest.raises(InvalidRequest) as too_long:
        validate(long_key, User)

    assert len(too_many.value.errors) == MAX_ERRORS
    assert len(too_long.value.errors[0].path) < 300


def test_text_is_a_number_only_where_that_was_asked_for() -> None:
    assert found({"email": "a@b", "age": "5"}) == {("age", "type")}
    assert validate({"email": "a@b", "age": "5"}, User, strict=False).age == 5


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 200) | st.sampled_from(["", "a@b", "female", "x" * 20]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["email", "name", "firstName", "age", "tags", "counts"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(value=json_values)
def test_it_refuses_exactly_what_the_schema_refuses_and_always_says_why(value: Any) -> None:
    try:
        expected = msgspec.convert(value, User)
    except msgspec.ValidationError:
        assert found(value)
    else:
        assert validate(value, User) == expected
