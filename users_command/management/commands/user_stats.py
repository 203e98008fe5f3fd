"""`manage.py user_stats [--seed RUN] [--json]`: what a run measured."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from cqrs.errors import Unavailable
from cqrs.eventlog.database import translated
from cqrs.web.renderers import encode_json
from users_command.statistics import RunStats, user_stats

COLUMNS = ("seed", "app id", "total", "synchronized", "seconds", "users/s", "p50 ms", "p95 ms", "p99 ms")
WIDE = 160


class Command(BaseCommand):
    """Prints totals, duration, speed and latency per run and instance."""

    help = "Show totals, duration, users per second and CREATED-to-SYNCHRONIZED latency per run and instance."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the run and the format."""
        parser.add_argument("--seed", help="only this run")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: Any, seed: str | None, json: bool, **__: Any) -> None:
        """Print them."""
        try:
            with translated():
                stats = user_stats(seed)
        except Unavailable as error:
            raise CommandError(str(error)) from error
        if json:
            self.stdout.write(encode_json({"stats": stats}).decode())
            return
        table = Table(*COLUMNS)
        for row in stats:
            table.add_row(*_cells(row))
        console = Console(width=None if self.stdout.isatty() else WIDE)
        with console.capture() as printed:
            console.print(table)
        self.stdout.write(printed.get())


def _cells(row: RunStats) -> list[str]:
    figures = (row.users_per_second, row.latency_ms.p50, row.latency_ms.p95, row.latency_ms.p99)
    return [
        row.seed,
        row.app_id,
        str(row.total),
        str(row.synchronized),
        f"{row.duration_seconds:.3f}",
        *("" if figure is None else f"{figure:.1f}" for figure in figures),
    ]
