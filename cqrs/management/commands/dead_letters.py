"""`manage.py dead_letters NAME list|show|retry|discard`: what could not be handled, and what becomes of it."""

import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from cqrs.errors import CqrsError
from cqrs.eventlog import dead_letters, triage, wakeup
from cqrs.eventlog.checkpoint import shards_of
from cqrs.eventlog.dead_letters import DeadLetter
from cqrs.eventlog.triage import Selection
from cqrs.eventlog.window import read_positions
from cqrs.management.operator_command import FAILED, OperatorCommand

EXAMPLES = """
examples:
  manage.py dead_letters users list
  manage.py dead_letters users list --user 01936b8e-7c7a-7000-8000-000000000001 --json
  manage.py dead_letters users show 4711 --payload
  manage.py dead_letters users retry --all
  manage.py dead_letters users discard 4711

An event that cannot be projected is parked with its cause. It holds back the later events of its own user, which are
listed as `waiting`, and nobody else's.
"""

OF_AGGREGATE = ("--user", "--aggregate")
PAGE = 500
WIDE = 200


class NotParked(CqrsError):
    """No event is parked at this position."""

    def __init__(self, subscription: str, position: int) -> None:
        super().__init__(f"no event is parked at position {position} of {subscription!r}")


class Command(OperatorCommand):
    """Lists, shows, retries and discards parked events of a subscription."""

    help = "List, show, retry or discard the events that a subscription has parked."
    examples = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the subscription and what to do with which of its parked events."""
        parser.add_argument("subscription", help="the subscription's name, such as users")
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|retry|discard")
        listing = actions.add_parser("list", help="list them in order")
        listing.add_argument(*OF_AGGREGATE, dest="aggregate", type=UUID, metavar="ID", help="only those of this user")
        showing = actions.add_parser("show", help="show one with its cause and the event's metadata")
        showing.add_argument("position", type=int)
        showing.add_argument("--payload", action="store_true", help="show the event's data, too: it may be personal")
        for action in (listing, showing):
            action.add_argument("--json", action="store_true", help="print JSON, one object a line")
        retrying = actions.add_parser("retry", help="have the worker try again at once")
        discarding = actions.add_parser("discard", help="skip for good; what waits behind is tried next")
        for action in (retrying, discarding):
            _add_selection(action)
        discarding.add_argument("--yes", action="store_true", help="do not ask")

    def run(self, options: dict[str, Any]) -> None:
        """Do one of the four."""
        subscription = options["subscription"]
        shards_of(subscription)
        match options["action"]:
            case "list":
                self._list(subscription, options)
            case "show":
                self._show(subscription, options)
            case "retry":
                self._retry(subscription, _selection(options))
            case "discard":
                self._discard(subscription, _selection(options), sure=options["yes"])

    def _list(self, subscription: str, options: dict[str, Any]) -> None:
        letters = _pages(subscription, options["aggregate"])
        if options["json"]:
            for letter in letters:
                self.stdout.write(msgspec.json.encode(letter).decode())
            return
        table = Table("position", "event", "user", "version", "state", "attempts", "next attempt", "cause")
        for letter in letters:
            table.add_row(*_cells(letter))
        console = Console(width=None if self.stdout.isatty() else WIDE)
        with console.capture() as printed:
            console.print(table)
        self.stdout.write(printed.get() if table.row_count else f"nothing is parked for {subscription}")

    def _show(self, subscription: str, options: dict[str, Any]) -> None:
        letter = triage.find(subscription, options["position"])
        if letter is None:
            raise NotParked(subscription, options["position"])
        event = msgspec.to_builtins(read_positions([letter.position])[0])
        payload = msgspec.json.decode(event.pop("data"))
        shown = {**msgspec.to_builtins(letter), "event": {**event, **({"data": payload} if options["payload"] else {})}}
        encoded = msgspec.json.encode(shown)
        self.stdout.write((encoded if options["json"] else msgspec.json.format(encoded, indent=2)).decode())

    def _retry(self, subscription: str, selection: Selection) -> None:
        count = triage.retry(subscription, selection)
        wakeup.notify()
        self._require_any(count, subscription, selection)
        self.stdout.write(f"{count} will be tried again at once; what waits behind them follows in order")

    def _discard(self, subscription: str, selection: Selection, *, sure: bool) -> None:
        if not sure:
            self._ask(subscription, selection)
        count = triage.discard(subscription, selection)
        wakeup.notify()
        self._require_any(count, subscription, selection)
        self.stdout.write(f"{count} discarded; what waited behind them is tried next")

    def _require_any(self, count: int, subscription: str, selection: Selection) -> None:
        if count or selection.position is None:
            return
        letter = triage.find(subscription, selection.position)
        if letter is None:
            raise NotParked(subscription, selection.position)
        raise CommandError(
            f"event {letter.position} waits behind an earlier one of {letter.aggregate_id}: retry that one",
            returncode=FAILED,
        )

    def _ask(self, subscription: str, selection: Selection) -> None:
        if not sys.stdin.isatty():
            raise CommandError("discarding needs --yes where nobody can be asked", returncode=FAILED)
        count = triage.count(subscription, selection)
        if input(f"Discard {count} parked events of {subscription} for good? [y/N] ").strip().lower() != "y":
            raise CommandError("nothing was discarded", returncode=FAILED)


def _add_selection(parser: CommandParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("position", type=int, nargs="?", help="the one at this position")
    which.add_argument(*OF_AGGREGATE, dest="aggregate", type=UUID, metavar="ID", help="those of this user")
    which.add_argument("--all", action="store_true", help="all of them")


def _selection(options: dict[str, Any]) -> Selection:
    return Selection(position=options["position"], aggregate_id=options["aggregate"])


def _pages(subscription: str, aggregate_id: UUID | None) -> Iterator[DeadLetter]:
    after = 0
    while page := dead_letters.listing(subscription, aggregate_id=aggregate_id, after=after, limit=PAGE):
        yield from page
        after = page[-1].position


def _cells(letter: DeadLetter) -> list[str]:
    next_attempt = letter.next_attempt_at.isoformat(timespec="seconds") if letter.next_attempt_at else ""
    cause = f"{letter.error_type}: {letter.error}" if letter.error_type else ""
    return [
        str(letter.position),
        letter.name,
        str(letter.aggregate_id),
        str(letter.version or ""),
        letter.state,
        str(letter.attempts),
        next_attempt,
        cause,
    ]
