"""The users that are sent: invented ones in the format of randomuser.me, each of them once."""

import secrets
from datetime import UTC, datetime

import msgspec

from users_command.sample_users.people import people


def new_seed(measurement: str) -> str:
    """Return a seed that no run has had before."""
    return f"bench-{measurement}-{secrets.token_hex(6)}"


def user_bodies(seed: str, count: int) -> list[bytes]:
    """Return that many different users as JSON, about 1 kB each."""
    today = datetime.now(UTC).date()
    return [msgspec.json.encode(one) for one in people(seed=seed, page=1, nationalities=(), results=count, today=today)]


def bulk_bodies(users: list[bytes], size: int) -> list[bytes]:
    """Return the users as JSON arrays of `size`."""
    return [b"[" + b",".join(users[start : start + size]) + b"]" for start in range(0, len(users), size)]
