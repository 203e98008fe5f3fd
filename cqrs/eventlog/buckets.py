"""Which bucket an aggregate falls into, and which buckets a shard holds.

The hash is fixed and published: the first byte of SHA-256 over the aggregate id in its canonical lower-case text. In
SQL: `get_byte(sha256(aggregate_id::text::bytea), 0)`.
"""

from hashlib import sha256
from itertools import pairwise
from uuid import UUID

from cqrs.errors import SubscriptionError

BUCKETS = 256


def bucket_of(aggregate_id: UUID) -> int:
    """Return the bucket of an aggregate, from 0 to 255. It never changes."""
    return sha256(str(aggregate_id).encode()).digest()[0]


def shard_ranges(shards: int) -> list[tuple[int, int]]:
    """Split the buckets into `shards` neighbouring ranges of nearly equal size, as (first, last) inclusive.

    Raises SubscriptionError where there are fewer than one or more than 256.
    """
    if not 1 <= shards <= BUCKETS:
        raise SubscriptionError(f"a subscription has 1 to {BUCKETS} shards, not {shards}")
    edges = [BUCKETS * shard // shards for shard in range(shards + 1)]
    return [(first, after - 1) for first, after in pairwise(edges)]
