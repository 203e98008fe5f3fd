"""`manage.py event_listeners list|remove`: the services that are expected to receive what is published to NATS."""

from typing import Any

from django.core.management.base import CommandParser

from cqrs.management.operator_command import OperatorCommand
from cqrs_project.nats import jetstream
from cqrs_project.nats_tracking import subscriptions

EXAMPLES = """
examples:
  manage.py event_listeners list
  manage.py event_listeners remove orders

A service is expected to receive events since one of its listeners has first started where DELIVERY_TRACKING_NATS is on.
One that is no longer in use is removed once all its listeners are gone: what it does not receive is missing otherwise.
"""


class Command(OperatorCommand):
    """Lists and removes them."""

    help = "List the services that events from NATS are expected to reach, or remove one."
    examples = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to do."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|remove")
        actions.add_parser("list", help="list them with their subjects")
        removing = actions.add_parser("remove", help="expect nothing any more of a service")
        removing.add_argument("service", help="its name, such as orders")

    def run(self, options: dict[str, Any]) -> None:
        """Do one of the two."""
        known = subscriptions(jetstream())
        if options["action"] == "list":
            for one in known.all():
                self.stdout.write(f"{one.name}: {', '.join(one.subjects)}, since {one.since.isoformat()}")
        elif known.remove(options["service"]):
            self.stdout.write(f"{options['service']} is not expected to receive anything any more")
        else:
            self.stdout.write(f"{options['service']} was not expected to receive anything")
