"""`manage.py rebase_subscription NAME`: have a subscription read again after the database was restored elsewhere."""

from typing import Any

from django.core.management.base import CommandParser

from cqrs.eventlog import wakeup
from cqrs.eventlog.rebase import rebase
from cqrs.management.operator_command import OperatorCommand

EXAMPLES = """
examples:
  manage.py rebase_subscription users

For a database that was restored from a dump into another PostgreSQL cluster: there the worker stops and says so. The
subscription then reads the whole log again, which changes nothing for what the documents hold already. Nobody can
append while it runs. Check afterwards: manage.py check_projection users
"""


class Command(OperatorCommand):
    """Brings a restored log and a subscription's checkpoints to this cluster."""

    help = "After a restore into another cluster: replay a subscription safely from the beginning."
    examples = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the subscription."""
        parser.add_argument("subscription", help="the subscription's name, such as users")

    def run(self, options: dict[str, Any]) -> None:
        """Rebase and say what was done."""
        subscription = options["subscription"]
        rebased = rebase(subscription)
        wakeup.notify()
        self.stdout.write(
            f"{subscription}: reads the log again from the beginning; {rebased.brought_to_present} events brought to "
            f"this cluster's present, {rebased.unparked} parked events will be read again"
        )
