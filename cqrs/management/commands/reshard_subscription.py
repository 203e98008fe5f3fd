"""`manage.py reshard_subscription NAME SHARDS`: change into how many parts workers can share a subscription."""

from typing import Any

from django.core.management.base import CommandParser

from cqrs.eventlog import wakeup
from cqrs.eventlog.reshard import reshard
from cqrs.eventlog.subscription import Subscription
from cqrs.management.operator_command import OperatorCommand
from cqrs.management.projections import find_projection, projection_names

EXAMPLES = """
examples:
  manage.py reshard_subscription users 8

Workers may run meanwhile: they pause for a moment and go on with the new shards. At most as many workers are busy at
once as there are shards. More than 256 are not possible.
"""


class Command(OperatorCommand):
    """Brings all shards to one snapshot and writes new checkpoints, in one transaction."""

    help = "Change the number of shards of a subscription."
    examples = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the subscription and the number."""
        parser.add_argument("subscription", help=f"one of: {', '.join(projection_names())}")
        parser.add_argument("shards", type=int, help="from 1 to 256")

    def run(self, options: dict[str, Any]) -> None:
        """Reshard and say so."""
        projection = find_projection(options["subscription"])
        subscription = Subscription(projection.name, aggregate_type=projection.aggregate_type, handle=projection.handle)
        former = reshard(subscription, options["shards"])
        wakeup.notify()
        self.stdout.write(f"{projection.name}: {former} shards became {options['shards']}")
