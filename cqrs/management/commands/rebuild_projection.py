"""`manage.py rebuild_projection NAME`: build the documents anew from the log, while everything goes on."""

from typing import Any

from django.core.management.base import CommandParser

from cqrs.management.operator_command import OperatorCommand
from cqrs.management.progress import metered
from cqrs.management.projections import find_projection, projection_names
from cqrs.management.rebuild import rebuild
from cqrs.management.swap import PAUSE_SECONDS

EXAMPLES = """
examples:
  manage.py rebuild_projection users
  manage.py rebuild_projection users --accept-failures 3

Reads go on meanwhile, and so does the projection; the new documents take the place of the old ones at the end, at once.
A rebuild that is stopped, in whatever way, leaves the documents as they are: start it again.
"""


class Command(OperatorCommand):
    """Rebuilds into a fresh collection and swaps."""

    help = "Rebuild a projection's documents from the event log and swap them in."
    examples = EXAMPLES
    pause_seconds = PAUSE_SECONDS

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the projection and how many events may be left out."""
        parser.add_argument("projection", help=f"one of: {', '.join(projection_names())}")
        parser.add_argument(
            "--accept-failures",
            type=int,
            default=0,
            metavar="N",
            help="swap although up to N events cannot be projected; they stay parked as dead letters (default 0)",
        )

    def run(self, options: dict[str, Any]) -> None:
        """Rebuild and say what it came to."""
        projection = find_projection(options["projection"])
        with metered(f"rebuilding {projection.name}", self.stdout) as meter:
            rebuilt = rebuild(
                projection, meter, accept_failures=options["accept_failures"], pause_seconds=self.pause_seconds
            )
        left_out = f", {rebuilt.failures} left out and parked" if rebuilt.failures else ""
        self.stdout.write(f"{projection.name}: {rebuilt.events} events in {rebuilt.seconds:.1f} s{left_out}; swapped")
