"""`one_by_one`: each user in a request of its own."""

from benchmarks.ingest import ingest
from benchmarks.load import post
from benchmarks.measurement import Measured
from benchmarks.sample import new_seed, user_bodies
from benchmarks.stack import Stack

CONNECTIONS = 32


def one_by_one(stack: Stack, users: int) -> list[Measured]:
    """Send users over 32 connections through nginx."""
    seed = new_seed("single")
    url = f"{stack.base_url}/api/v1/user-command?seed={seed}"
    requests = [post(url, body) for body in user_bodies(seed, users)]
    return [ingest(stack, "one_by_one", seed, requests, users=users, connections=CONNECTIONS)]
