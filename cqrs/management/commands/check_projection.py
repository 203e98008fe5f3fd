"""`manage.py check_projection NAME [--repair]`: compare both stores with the log and name every difference."""

import sys
from typing import Any

import msgspec
from django.core.management.base import CommandParser

from cqrs.management.check import check
from cqrs.management.operator_command import OperatorCommand
from cqrs.management.projections import Projection, Refusal, find_projection, projection_names
from cqrs.management.repair import repair

EXAMPLES = """
examples:
  manage.py check_projection users
  manage.py check_projection users --repair
  manage.py check_projection users --json | jq .kind

Exit status: 0 no difference, 1 differences (with --repair: that are left), 2 the check could not be made.
"""

DIFFERENCES = 1


class Command(OperatorCommand):
    """Compares documents and rows with the newest events, while everything goes on."""

    help = "Compare a projection's documents and rows with the event log; with --repair, mend the differences."
    examples = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the projection and what to do."""
        parser.add_argument("projection", help=f"one of: {', '.join(projection_names())}")
        parser.add_argument("--repair", action="store_true", help="mend what can be mended, then check again")
        parser.add_argument("--json", action="store_true", help="print a JSON object a line, the last one in sum")
        parser.add_argument(
            "--wait",
            type=float,
            default=30.0,
            metavar="SECONDS",
            help="how long the subscription may take to reach the present (default 30)",
        )

    def run(self, options: dict[str, Any]) -> None:
        """Check, repair, check again; end with the status."""
        projection = find_projection(options["projection"])
        found = self._check(projection, options, mend=options["repair"])
        if found and options["repair"]:
            found = self._check(projection, options, mend=False)
        if found:
            sys.exit(DIFFERENCES)

    def _check(self, projection: Projection, options: dict[str, Any], *, mend: bool) -> int:
        aggregates = differences = 0
        for checked in check(projection, wait_seconds=options["wait"]):
            aggregates += checked.aggregates
            differences += len(checked.findings)
            for finding in checked.findings:
                self._print(finding.difference, finding.difference.sentence(), options)
            if mend and checked.findings:
                for refusal in repair(projection, checked.findings):
                    self._print(refusal, f"{refusal.id}: could not be mended: {refusal.cause}", options)
        total = {"checked": aggregates, "differences": differences}
        self._print(total, f"{projection.name}: {aggregates} checked, {differences} differences", options)
        return differences

    def _print(self, thing: msgspec.Struct | Refusal | dict[str, int], sentence: str, options: dict[str, Any]) -> None:
        self.stdout.write(msgspec.json.encode(thing).decode() if options["json"] else sentence)
