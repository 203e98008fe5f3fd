"""A change names the version that it is made for, or does not happen."""

from typing import Any

import pytest
from django.test import Client, RequestFactory

from cqrs.web.conditional import etag, required_versions
from cqrs.web.errors import InvalidRequest


def patch(client: Client, if_match: str | None) -> Any:
    headers = {} if if_match is None else {"If-Match": if_match}
    return client.patch("/api/things/3", "{}", content_type="application/merge-patch+json", headers=headers)


def test_the_current_version_may_be_changed(client: Client) -> None:
    answer = patch(client, '"3"')

    assert answer.status_code == 200
    assert answer["ETag"] == '"4"'


@pytest.mark.parametrize("if_match", ['"2"', 'W/"3"', '"abc"', '"03"', '"-3"', '""', '"1", "2"'])
def test_a_stale_weak_or_foreign_tag_is_412(client: Client, if_match: str) -> None:
    answer = patch(client, if_match)

    assert answer.status_code == 412
    assert answer.json()["type"] == "/problems/stale-version"


def test_a_missing_tag_is_428(client: Client) -> None:
    answer = patch(client, None)

    assert answer.status_code == 428
    assert answer.json()["type"] == "/problems/precondition-required"


@pytest.mark.parametrize(
    "if_match", ["", "3", '"3', '3"', '"3" "4"', "**", '"3 "', '*, "3"', "," * 2_000, '"1",' * 2_000]
)
def test_a_malformed_tag_is_400(client: Client, if_match: str) -> None:
    answer = patch(client, if_match)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == "If-Match"


@pytest.mark.parametrize(
    ("if_match", "versions"),
    [
        ("*", None),
        (" * ", None),
        ('"7"', frozenset({7})),
        ('"7","8"', frozenset({7, 8})),
        (' "7" ,, W/"8" ,"x" , ', frozenset({7})),
        ('W/"7"', frozenset()),
        (f'"{"9" * 30}"', frozenset()),
    ],
)
def test_lists_are_read_and_weak_tags_match_nothing(
    rf: RequestFactory, if_match: str, versions: frozenset[int] | None
) -> None:
    request = rf.get("/", headers={"If-Match": if_match})

    assert required_versions(request) == versions


def test_a_tag_reads_back_as_its_version(rf: RequestFactory) -> None:
    request = rf.get("/", headers={"If-Match": etag(42)})

    assert required_versions(request) == frozenset({42})


def test_whitespace_alone_is_no_list(rf: RequestFactory) -> None:
    request = rf.get("/", headers={"If-Match": " \t" * 400})

    with pytest.raises(InvalidRequest):
        required_versions(request)
