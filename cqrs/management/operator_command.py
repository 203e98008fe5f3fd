"""What the operators' commands share: failures that one can expect are a line, not a traceback."""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cqrs.errors import CqrsError
from cqrs.eventlog.database import translated

FAILED = 2


class OperatorCommand(BaseCommand):
    """A command that ends with status 0 when it has done what was asked, and with 2 and one line when it could not.

    `examples` is shown by `--help`. Subclasses implement `run`.
    """

    requires_system_checks: list[str] = []
    examples = ""

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        """Show the examples as they are written."""
        parser = super().create_parser(prog_name, subcommand, **options)
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = self.examples
        return parser

    def handle(self, *_: Any, **options: Any) -> None:
        """Run it; raise CommandError for every error of this package."""
        try:
            with translated():
                self.run(options)
        except CqrsError as error:
            raise CommandError(str(error), returncode=FAILED) from error

    def run(self, options: dict[str, Any]) -> None:
        """Do the command's work."""
        raise NotImplementedError
