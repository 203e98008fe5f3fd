"""`manage.py outbox list|show|retry|discard`: events that could not be published, and what becomes of them."""

import sys
from collections.abc import Iterator
from typing import Any

import msgspec
from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from cqrs.management.operator_command import FAILED, OperatorCommand
from cqrs.outbox import parked
from cqrs.outbox.queue import Queue
from cqrs.outbox.registry import find_outbox
from cqrs.outbox.stored import StoredEvent

EXAMPLES = """
examples:
  manage.py outbox list
  manage.py outbox list --failing --json
  manage.py outbox show 01936b8e-7c7a-7000-8000-000000000001
  manage.py outbox retry 01936b8e-7c7a-7000-8000-000000000001
  manage.py outbox retry --all
  manage.py outbox discard 01936b8e-7c7a-7000-8000-000000000001

An event that its destination refuses again and again is parked with its failures. It holds back the later events of its
own record, and nobody else's.
"""
PAGE = 500
WIDE = 200


class Command(OperatorCommand):
    """Lists, shows, retries and discards events that have failed."""

    help = "List, show, retry or discard the events of an outbox that could not be published."
    examples = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the outbox and what to do with which of its events."""
        parser.add_argument("--outbox", help="its name, where the application has several")
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|retry|discard")
        listing = actions.add_parser("list", help="list what was given up")
        listing.add_argument("--failing", action="store_true", help="also what will be tried again")
        listing.add_argument("--json", action="store_true", help="print JSON, one object a line")
        actions.add_parser("show", help="show one with its failures").add_argument("event_id")
        retrying = actions.add_parser("retry", help="have one tried again at once")
        which = retrying.add_mutually_exclusive_group(required=True)
        which.add_argument("event_id", nargs="?")
        which.add_argument("--all", action="store_true", help="all that were given up")
        discarding = actions.add_parser("discard", help="delete one: it is never published, those behind it are")
        discarding.add_argument("event_id")
        discarding.add_argument("--yes", action="store_true", help="do not ask")

    def run(self, options: dict[str, Any]) -> None:
        """Do one of the four."""
        queue = find_outbox(options["outbox"]).outbox.queue
        match options["action"]:
            case "list":
                self._list(queue, failing=options["failing"], json=options["json"])
            case "show":
                event = parked.get(queue, options["event_id"])
                self.stdout.write(msgspec.json.format(msgspec.json.encode(event), indent=2).decode())
            case "retry":
                self._retry(queue, options["event_id"])
            case "discard":
                self._discard(queue, options["event_id"], sure=options["yes"])

    def _list(self, queue: Queue, *, failing: bool, json: bool) -> None:
        events = _pages(queue, failing=failing)
        if json:
            for event in events:
                self.stdout.write(msgspec.json.encode(event).decode())
            return
        table = Table("event", "type", "of", "sequence", "state", "attempts", "cause")
        for event in events:
            table.add_row(*_cells(event))
        console = Console(width=None if self.stdout.isatty() else WIDE)
        with console.capture() as printed:
            console.print(table)
        self.stdout.write(printed.get() if table.row_count else f"nothing has failed in {queue.full_name}")

    def _retry(self, queue: Queue, event_id: str | None) -> None:
        count = 1
        if event_id is None:
            count = parked.retry_all(queue)
        else:
            parked.retry(queue, event_id)
        self.stdout.write(f"{count} will be tried again at once; what waits behind follows in order")

    def _discard(self, queue: Queue, event_id: str, *, sure: bool) -> None:
        if not sure:
            self._ask(event_id)
        parked.discard(queue, event_id)
        self.stdout.write("1 discarded; what waited behind it is published next")

    def _ask(self, event_id: str) -> None:
        if not sys.stdin.isatty():
            raise CommandError("discarding needs --yes where nobody can be asked", returncode=FAILED)
        if input(f"Discard event {event_id} for good? [y/N] ").strip().lower() != "y":
            raise CommandError("nothing was discarded", returncode=FAILED)


def _pages(queue: Queue, *, failing: bool) -> Iterator[StoredEvent]:
    after = ""
    while page := parked.listing(queue, failing=failing, after=after, limit=PAGE):
        yield from page
        after = page[-1].event_id


def _cells(event: StoredEvent) -> list[str]:
    cause = f"{event.failures[-1].type}: {event.failures[-1].error}" if event.failures else ""
    return [
        event.event_id,
        event.event_type,
        f"{event.aggregate_type} {event.aggregate_id}",
        str(event.sequence),
        event.state,
        str(event.attempts),
        cause,
    ]
