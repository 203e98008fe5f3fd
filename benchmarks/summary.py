"""The table at the end: medians and spread of the runs beside the targets and what the seed's system needs."""

import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.measurement import Measured


class Goal(NamedTuple):
    """A figure to reach: at least `target` where more is better, else below it. `seed` is the NestJS system's."""

    measurement: str
    figure: str
    unit: str
    target: float | None = None
    more_is_better: bool = False
    seed: str = ""


GOALS = (
    Goal("one_by_one", "users_per_second", "users/s", 1300, True, "640, answered before stored"),
    Goal("one_by_one", "accepted_per_second", "users/s"),
    Goal("one_by_one", "seconds_by_client", "s", seed="31 for 20,000 users"),
    Goal("one_by_one", "cpu_us_per_user", "µs"),
    Goal("one_by_one", "request_p99_ms", "ms"),
    Goal("one_by_one", "synchronized_p50_ms", "ms", seed="2,000"),
    Goal("bulk", "users_per_second", "users/s", 6000, True),
    Goal("idle_latency", "observed_p50_ms", "ms", 40, seed="2,000"),
    Goal("idle_latency", "observed_p99_ms", "ms", 150),
    Goal("reads_by_email", "reads_per_second", "reads/s", more_is_better=True),
    Goal("reads_by_email", "request_p99_ms", "ms"),
    Goal("broker_sends", "one_by_one_per_second", "sends/s", 565, True, "Node package: 1,130, not transactional"),
    Goal("broker_sends", "by_threads_per_second", "sends/s", 8000, True, "Node package: 3,765"),
    Goal("broker_sends", "in_batches_per_second", "messages/s", 30_000, True, "Node package: 50,000"),
    Goal("broker_sends", "insert_many_per_second", "documents/s"),
    Goal("broker_consume", "backlog_per_second", "messages/s", 10_000, True, "Node package: 2,800"),
    Goal("broker_consume", "end_to_end_one_per_second", "messages/s", 10_000, True, "Node package: 1,350"),
    Goal("broker_consume", "end_to_end_three_per_second", "messages/s", more_is_better=True),
    Goal("broker_consume", "p50_ms", "ms"),
    Goal("broker_consume", "p99_ms", "ms", 30, seed="Node package: 64 to 119"),
    Goal("delivery_tracking", "sent_per_second", "messages/s"),
    Goal("delivery_tracking", "sent_tracked_per_second", "messages/s"),
    Goal("delivery_tracking", "sending_overhead_percent", "%", 15),
    Goal("delivery_tracking", "handled_per_second", "messages/s"),
    Goal("delivery_tracking", "handled_tracked_per_second", "messages/s"),
    Goal("delivery_tracking", "handling_overhead_percent", "%", 15),
    Goal("delivery_tracking", "overhead_percent", "%", 15),
    Goal("sensor_alerts", "told_p50_ms", "ms"),
    Goal("sensor_alerts", "told_p99_ms", "ms", 200),
    Goal("sensor_alerts", "stored_per_second", "readings/s", more_is_better=True),
    Goal("sensor_alerts", "told_per_second", "alerts/s", more_is_better=True),
    Goal("sensor_alerts", "burst_told_per_second", "alerts/s", more_is_better=True),
    Goal("sensor_alerts", "lag_p50_ms", "ms"),
    Goal("sensor_alerts", "lag_p99_ms", "ms"),
    Goal("tickets", "saved_per_second", "tickets/s", more_is_better=True),
    Goal("tickets", "commit_to_orders_p50_ms", "ms"),
    Goal("tickets", "commit_to_orders_p99_ms", "ms"),
    Goal("tickets", "lag_p50_ms", "ms"),
    Goal("tickets", "lag_p99_ms", "ms"),
    Goal("relayed_events", "published_per_second", "events/s", more_is_better=True),
    Goal("relayed_events", "bare_per_second", "messages/s", more_is_better=True),
    Goal("memory", "largest_of_application_mb", "MB", 150),
    Goal("memory", "sum_mb", "MB", seed="1,000 for the application"),
    Goal("raw_stores", "five_tables_per_second", "users/s"),
    Goal("raw_stores", "insert_many_per_second", "documents/s"),
)


def print_summary(measured: Sequence[Measured], note: str) -> None:
    """Print what was measured; timings are judged in words only."""
    table = Table("measurement", "parameters", "figure", "median", "spread", "target", "NestJS seed")
    for goal in GOALS:
        for parameters, runs in _by_parameters(measured, goal.measurement).items():
            values = [float(run.figures[goal.figure]) for run in runs if goal.figure in run.figures]
            if values:
                table.add_row(*_row(goal, parameters, values))
    # As wide as it is also where the output is a file.
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    if note:
        console.print(f"[yellow]{note}[/yellow]")


def _row(goal: Goal, parameters: str, values: Sequence[float]) -> list[str]:
    middle = median(values)
    spread = f"{min(values):,.1f} to {max(values):,.1f}" if len(values) > 1 else ""
    return [
        goal.measurement,
        parameters,
        goal.figure,
        f"{middle:,.1f} {goal.unit}",
        spread,
        _verdict(goal, middle),
        goal.seed,
    ]


def _verdict(goal: Goal, value: float) -> str:
    if goal.target is None:
        return ""
    reached = value >= goal.target if goal.more_is_better else value < goal.target
    sign = "≥" if goal.more_is_better else "<"
    return f"{sign} {goal.target:,} {'[green]reached' if reached else '[red]missed'}"


def _by_parameters(measured: Sequence[Measured], name: str) -> Mapping[str, list[Measured]]:
    groups: dict[str, list[Measured]] = {}
    for one in measured:
        if one.name == name:
            shown = {key: value for key, value in one.parameters.items() if key != "generator"}
            groups.setdefault(" ".join(f"{key}={value}" for key, value in shown.items()), []).append(one)
    return groups
