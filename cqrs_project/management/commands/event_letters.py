"""`manage.py event_letters SERVICE list|show|retry|discard`: events from NATS that a service could not handle."""

from typing import Any

import msgspec
from django.core.management.base import CommandParser
from rich.console import Console
from rich.table import Table

from cqrs.management.operator_command import OperatorCommand
from cqrs.publishers.jetstream.letter_box import LetterBox
from cqrs.publishers.jetstream.letters import Letter
from cqrs.publishers.jetstream.listener_settings import define_listener
from cqrs_project.nats import jetstream

EXAMPLES = """
examples:
  manage.py event_letters orders list
  manage.py event_letters orders list --subject tickets.6740a1 --json
  manage.py event_letters orders show 12 --payload
  manage.py event_letters orders retry tickets.6740a1
  manage.py event_letters orders retry --all
  manage.py event_letters orders discard 12

An event that cannot be handled is parked with its cause. It holds back the later events of its own subject, which are
listed as `waiting`, and nobody else's. A running listener of the service does the retrying.
"""
WIDE = 200


class Command(OperatorCommand):
    """Lists, shows, retries and discards what a service has parked."""

    help = "List, show, retry or discard the events from NATS that a service has parked."
    examples = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the service and what to do with which of its letters."""
        parser.add_argument("service", help="the service's name, such as orders")
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|retry|discard")
        listing = actions.add_parser("list", help="list them in order")
        listing.add_argument("--subject", help="only those of this subject")
        listing.add_argument("--json", action="store_true", help="print JSON, one object a line")
        showing = actions.add_parser("show", help="show one with its cause")
        showing.add_argument("number", type=int)
        showing.add_argument("--payload", action="store_true", help="show the event's data, too: it may be personal")
        retrying = actions.add_parser("retry", help="have a listener try again, in order")
        which = retrying.add_mutually_exclusive_group(required=True)
        which.add_argument("subject", nargs="?", help="those of this subject")
        which.add_argument("--all", action="store_true", help="all of them")
        discarding = actions.add_parser("discard", help="skip one for good; what waits behind it is tried next")
        discarding.add_argument("number", type=int)

    def run(self, options: dict[str, Any]) -> None:
        """Do one of the four."""
        box = LetterBox(define_listener(service=options["service"], jetstream=jetstream()))
        try:
            match options["action"]:
                case "list":
                    self._list(box, options["subject"], as_json=options["json"])
                case "show":
                    self._show(box.find(options["number"]), payload=options["payload"])
                case "retry":
                    self._retry(box, options["subject"])
                case "discard":
                    letter = box.discard(options["number"])
                    self.stdout.write(f"discarded; what waits behind it on {letter.subject} is tried next")
        finally:
            box.close()

    def _list(self, box: LetterBox, subject: str | None, *, as_json: bool) -> None:
        if as_json:
            for letter in box.all(subject):
                self.stdout.write(msgspec.json.encode(_metadata(letter)).decode())
            return
        table = Table("number", "event", "subject", "state", "attempts", "parked", "cause")
        for letter in box.all(subject):
            cause = f"{letter.error_type}: {letter.error}" if letter.error_type else ""
            cells = (str(letter.number), letter.event_id, letter.subject, letter.state, str(letter.attempts))
            table.add_row(*cells, letter.parked_at, cause)
        console = Console(width=None if self.stdout.isatty() else WIDE)
        with console.capture() as printed:
            console.print(table)
        self.stdout.write(printed.get() if table.row_count else "nothing is parked")

    def _show(self, letter: Letter, *, payload: bool) -> None:
        shown = _metadata(letter)
        if payload:
            shown["payload"] = letter.payload.decode("utf-8", "replace")
        self.stdout.write(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode())

    def _retry(self, box: LetterBox, subject: str | None) -> None:
        subjects = sorted({letter.subject for letter in box.all(subject)})
        for each in subjects:
            box.retry(each)
        self.stdout.write(f"{len(subjects)} subjects will be tried again by a listener, each in its order")


def _metadata(letter: Letter) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(letter)
    del shown["payload"]
    return shown
