"""`python -m benchmarks [--only NAME] [--users N] [--repeat N]`: measure, append to results.csv, show a table.

Ends with 0 however slow it was, and with 1 where a user was lost or doubled or a measurement could not be made.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping

from benchmarks.broker_consume import broker_consume
from benchmarks.broker_sends import broker_sends
from benchmarks.bulk import bulk
from benchmarks.delivery_tracking import delivery_tracking
from benchmarks.errors import BenchmarkError
from benchmarks.idle_latency import idle_latency
from benchmarks.machine import busy_percent, noise_note, this_machine, version
from benchmarks.measurement import Measured
from benchmarks.memory import memory
from benchmarks.one_by_one import one_by_one
from benchmarks.raw_stores import raw_stores
from benchmarks.reads_by_email import reads_by_email
from benchmarks.relayed_events import relayed_events
from benchmarks.results import append_result
from benchmarks.sensor_alerts import sensor_alerts
from benchmarks.stack import Stack, running
from benchmarks.summary import print_summary
from benchmarks.tickets import tickets
from infra.stack.errors import StackError

IDLE_USERS = 200
WARM_UP_USERS = 1000

# In this order: the figures of an idle system before the load, the raw stores beside it.
MEASUREMENTS: Mapping[str, Callable[[Stack, int], list[Measured]]] = {
    "idle_latency": lambda stack, users: idle_latency(stack, min(users, IDLE_USERS)),
    "raw_stores": raw_stores,
    "one_by_one": one_by_one,
    "bulk": bulk,
    "reads_by_email": reads_by_email,
    "broker_sends": broker_sends,
    "broker_consume": broker_consume,
    "delivery_tracking": delivery_tracking,
    "sensor_alerts": sensor_alerts,
    "tickets": tickets,
    "relayed_events": relayed_events,
    "memory": lambda stack, _: [memory(stack, "after load")],
}


def main() -> int:
    """Measure what the command line asks for."""
    wanted = _wanted()
    measured: list[Measured] = []
    machine, checkout, busy = this_machine(), version(), busy_percent()
    try:
        with running() as stack:
            for one in _measure(stack, wanted):
                append_result(one, machine, checkout, busy)
                measured.append(one)
                print(f"{one.name} {dict(one.figures)}", file=sys.stderr)
    except (BenchmarkError, StackError) as error:
        print(error, file=sys.stderr)
        return 1
    print_summary(measured, noise_note(busy))
    wrong = [line for one in measured for line in one.wrong]
    for line in wrong:
        print(f"WRONG: {line}", file=sys.stderr)
    return 1 if wrong else 0


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the running stack.")
    parser.add_argument("--only", choices=tuple(MEASUREMENTS), help="one measurement instead of all")
    parser.add_argument("--users", type=int, default=20_000, help="users a run (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each measurement (default: %(default)s)")
    return parser.parse_args()


def _measure(stack: Stack, wanted: argparse.Namespace) -> Iterator[Measured]:
    names = [wanted.only] if wanted.only else list(MEASUREMENTS)
    if "memory" in names:
        yield memory(stack, "idle")
    # The first requests of a process load modules and prepare statements; they are no part of any figure.
    one_by_one(stack, min(wanted.users, WARM_UP_USERS))
    for name in names:
        for _ in range(wanted.repeat):
            yield from MEASUREMENTS[name](stack, wanted.users)


if __name__ == "__main__":
    sys.exit(main())
