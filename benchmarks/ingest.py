"""Users in, by whatever requests: from the first POST to the last SYNCHRONIZED."""

from collections.abc import Mapping, Sequence

from benchmarks.load import send_once
from benchmarks.measurement import Measured, Value
from benchmarks.processes import processor_seconds
from benchmarks.run import RunTimes, check_run, run_times, wait_until_synchronized
from benchmarks.stack import Stack


def ingest(
    stack: Stack, name: str, seed: str, requests: Sequence[bytes], *, users: int, connections: int, **parameters: Value
) -> Measured:
    """Send all requests, wait for all users, check the run and return its figures.

    `users_per_second` takes the longer of two durations: by the stores' clock from the first CREATED to the last
    SYNCHRONIZED, and by the client's from its first request to seeing that all are confirmed.
    """
    processors = processor_seconds(stack)
    answered = send_once(stack.base_url, requests, connections=connections)
    users_a_request = users / len(requests)
    accepted = users - round(answered.failed * users_a_request)
    seen = wait_until_synchronized(stack, seed, accepted)
    used = _used(processors, processor_seconds(stack), users)
    times = run_times(stack, seed)
    by_stores = (times.last_synchronized - times.first_created).total_seconds()
    by_client = seen - answered.first_request
    return Measured(
        name=name,
        parameters={"users": users, "connections": connections, **parameters, "generator": answered.generator},
        figures={
            "users_per_second": round(users / max(by_stores, by_client), 1),
            "seconds_by_stores": round(by_stores, 3),
            "seconds_by_client": round(by_client, 3),
            "accepted_per_second": round(users / (answered.last_answer - answered.first_request), 1),
            "failed": answered.failed,
            "request_p50_ms": round(answered.p50, 1),
            "request_p95_ms": round(answered.p95, 1),
            "request_p99_ms": round(answered.p99, 1),
            **_latency(times),
            **used,
        },
        wrong=check_run(stack, seed, accepted=accepted, sent=users),
    )


def _latency(times: RunTimes) -> dict[str, float]:
    return {
        "synchronized_p50_ms": round(times.p50, 1),
        "synchronized_p95_ms": round(times.p95, 1),
        "synchronized_p99_ms": round(times.p99, 1),
    }


def _used(before: Mapping[str, float], after: Mapping[str, float], users: int) -> dict[str, int]:
    """Microseconds of processor time for each user, by program and in all."""
    spent = {name: 1e6 * (seconds - before.get(name, 0)) / users for name, seconds in after.items()}
    total = {"cpu_us_per_user": round(sum(spent.values()))}
    return total | {f"cpu_us_{name}": round(value) for name, value in spent.items() if round(value)}
