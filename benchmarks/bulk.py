"""`bulk`: many users in a request."""

from benchmarks.ingest import ingest
from benchmarks.load import post
from benchmarks.measurement import Measured
from benchmarks.sample import bulk_bodies, new_seed, user_bodies
from benchmarks.stack import Stack

SHAPES = ((1000, 2), (1000, 4), (5000, 2), (5000, 4))


def bulk(stack: Stack, users: int) -> list[Measured]:
    """Send users in bodies of 1,000 and of 5,000 over two and over four connections."""
    return [_bulk(stack, users, size, connections) for size, connections in SHAPES]


def _bulk(stack: Stack, users: int, size: int, connections: int) -> Measured:
    seed = new_seed("bulk")
    url = f"{stack.base_url}/api/v1/user-command/bulk?seed={seed}"
    requests = [post(url, body) for body in bulk_bodies(user_bodies(seed, users), size)]
    return ingest(stack, "bulk", seed, requests, users=users, connections=min(connections, len(requests)), size=size)
