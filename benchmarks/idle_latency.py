"""`idle_latency`: one user at a time on a system with nothing else to do, from its POST to SYNCHRONIZED."""

import http.client
import json
import time
from urllib.parse import urlsplit

from benchmarks.errors import BenchmarkError
from benchmarks.measurement import Measured
from benchmarks.percentiles import percentile
from benchmarks.run import check_run, run_times, wait_until_synchronized
from benchmarks.sample import new_seed, user_bodies
from benchmarks.stack import Stack

JSON = {"Content-Type": "application/json"}


def idle_latency(stack: Stack, users: int) -> list[Measured]:
    """Send users one after the other; each waits until the read side answers with its predecessor."""
    seed = new_seed("idle")
    connection = http.client.HTTPConnection(urlsplit(stack.base_url).netloc, timeout=10)
    bodies = user_bodies(seed, users)
    observed = [_until_readable(connection, seed, body) for body in bodies]
    connection.close()
    wait_until_synchronized(stack, seed, users)
    times = run_times(stack, seed)
    return [
        Measured(
            name="idle_latency",
            parameters={"users": users},
            figures={
                "observed_p50_ms": round(percentile(observed, 50), 1),
                "observed_p99_ms": round(percentile(observed, 99), 1),
                "synchronized_p50_ms": round(times.p50, 1),
                "synchronized_p99_ms": round(times.p99, 1),
            },
            wrong=check_run(stack, seed, accepted=users, sent=users),
        )
    ]


def _until_readable(connection: http.client.HTTPConnection, seed: str, body: bytes) -> float:
    """Return the milliseconds from sending a user to the answer of a reader that waits for its document."""
    began = time.perf_counter()
    user = _ask(connection, "POST", f"/api/v1/user-command?seed={seed}", body)
    _ask(connection, "GET", f"/api/v1/user-query/{user['id']}?minVersion=1&wait=2000", None)
    return (time.perf_counter() - began) * 1000


def _ask(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None) -> dict[str, str]:
    connection.request(method, path, body, JSON if body else {})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= http.HTTPStatus.BAD_REQUEST:
        raise BenchmarkError(f"{method} {path}: {answer.status} {content.decode()}")
    return json.loads(content)  # type: ignore[no-any-return]  # a JSON object by the API's description
