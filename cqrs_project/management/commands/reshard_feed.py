"""`manage.py reshard_feed NAME SHARDS`: change how many workers can share a change feed."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from cqrs.changefeed import ChangeFeeds, define_feeds
from cqrs.management.operator_command import OperatorCommand

EXAMPLES = """
examples:
  manage.py reshard_feed sensor-data-alerts 4

Workers may run meanwhile: they finish what they have in hand, pause for a moment and go on with the new shards. At most
as many workers are busy at once as there are shards. More than 256 are not possible.
"""


class Command(OperatorCommand):
    """Brings all shards of a feed to one point and writes new positions, in one transaction."""

    help = "Change the number of shards of a change feed."
    examples = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the feed and the number."""
        parser.add_argument("feed", help="as in the worker's log lines")
        parser.add_argument("shards", type=int, help="from 1 to 256")

    def run(self, options: dict[str, Any]) -> None:
        """Reshard and say so."""
        environment = settings.ENVIRONMENT
        kept = define_feeds(mongo_uri=environment.mongodb_uri, database=environment.change_feeds_database)
        with ChangeFeeds(kept) as feeds:
            former = feeds.reshard(options["feed"], options["shards"])
        self.stdout.write(f"{options['feed']}: {former} shards became {options['shards']}")
