"""Buckets and shards: published once, the same in Python and in SQL, without a gap."""

from collections.abc import Callable
from uuid import UUID

import pytest

from cqrs.errors import SubscriptionError
from cqrs.eventlog.buckets import BUCKETS, bucket_of, shard_ranges

# Published: events in existing logs were stored with these.
VECTORS = {
    "00000000-0000-0000-0000-000000000000": 18,
    "ffffffff-ffff-ffff-ffff-ffffffffffff": 19,
    "01890a5d-ac96-774b-bcce-b302099a8057": 135,
    "c232ab00-9414-11ec-b3c8-9f6bdeced846": 14,
}
IN_SQL = "select id, get_byte(sha256(id::text::bytea), 0) from unnest(%s::uuid[]) as id"


@pytest.mark.parametrize(("aggregate_id", "bucket"), VECTORS.items())
def test_the_published_vectors_hold(aggregate_id: str, bucket: int) -> None:
    assert bucket_of(UUID(aggregate_id)) == bucket
    assert bucket_of(UUID(aggregate_id.upper())) == bucket


def test_the_published_statement_gives_the_same_as_python(ask: Callable[..., list[tuple[UUID, int]]]) -> None:
    ids = [UUID(int=number) for number in range(4000)]

    rows = ask(IN_SQL, [ids])

    assert dict(rows) == {aggregate_id: bucket_of(aggregate_id) for aggregate_id in ids}
    assert {bucket for _, bucket in rows} == set(range(BUCKETS))


@pytest.mark.parametrize("shards", [1, 2, 3, 4, 5, 7, 8, 100, 255, 256])
def test_the_shards_hold_every_bucket_once_and_are_nearly_equal(shards: int) -> None:
    ranges = shard_ranges(shards)

    sizes = {last - first + 1 for first, last in ranges}
    assert len(ranges) == shards
    assert [bucket for first, last in ranges for bucket in range(first, last + 1)] == list(range(BUCKETS))
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("shards", [0, -1, 257])
def test_another_number_of_shards_is_refused(shards: int) -> None:
    with pytest.raises(SubscriptionError, match="1 to 256"):
        shard_ranges(shards)
