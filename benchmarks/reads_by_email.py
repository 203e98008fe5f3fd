"""`reads_by_email`: finding users by their address, over many different addresses."""

from urllib.parse import quote

from benchmarks.errors import BenchmarkError
from benchmarks.load import get, send_round
from benchmarks.measurement import Measured
from benchmarks.stack import Stack

CONNECTIONS = 32
SECONDS = 10
ADDRESSES = (
    "select distinct email from (select email from prm_user where deleted_at is null limit 20000) users limit 2000"
)


def reads_by_email(stack: Stack, users: int) -> list[Measured]:  # noqa: ARG001 - reads what is there
    """Read for ten seconds, by addresses that are in the stores. Raises BenchmarkError where there are none."""
    addresses = [row[0] for row in stack.postgres.execute(ADDRESSES).fetchall()]
    if not addresses:
        raise BenchmarkError("there is no user to read: measure one_by_one first")
    base = f"{stack.base_url}/api/v1/user-query/email?email="
    requests = [get(base + quote(address)) for address in addresses]
    answered = send_round(stack.base_url, requests, connections=CONNECTIONS, seconds=SECONDS)
    return [
        Measured(
            name="reads_by_email",
            parameters={"connections": CONNECTIONS, "seconds": SECONDS, "addresses": len(addresses)},
            figures={
                "reads_per_second": round(answered.answered / answered.seconds, 1),
                "request_p50_ms": round(answered.p50, 1),
                "request_p95_ms": round(answered.p95, 1),
                "request_p99_ms": round(answered.p99, 1),
                "failed": answered.failed,
            },
            wrong=(f"{answered.failed} reads failed",) if answered.failed else (),
        )
    ]
