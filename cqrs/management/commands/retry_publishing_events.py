"""`manage.py retry_publishing_events [--once] [--interval SECONDS]`: the job RetryPublishingNATSEvents."""

import math
import signal
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings

from cqrs.context import Context, use
from cqrs.management.operator_command import OperatorCommand
from cqrs.outbox.registry import find_outbox
from cqrs.outbox.retry_job import INTERVAL_SECONDS
from cqrs.worker import Worker

JOB = "RetryPublishingNATSEvents"
EXAMPLES = """
examples:
  manage.py retry_publishing_events
  manage.py retry_publishing_events --interval 60
  manage.py retry_publishing_events --once

It publishes what has failed and is due again, and what was taken up and not finished. Any number of them may run at
once, beside any number of relays.
"""


class Command(OperatorCommand):
    """Runs until SIGTERM or SIGINT, with `--once` until nothing is due any more."""

    help = "Publish the events of an outbox that have failed and are due, or were left by a process that died."
    examples = EXAMPLES

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which outbox, how often, and whether for ever."""
        parser.add_argument("--outbox", help="its name, where the application has several")
        parser.add_argument("--once", action="store_true", help="publish what is due now, and end")
        parser.add_argument(
            "--interval", type=_seconds, default=INTERVAL_SECONDS, help="seconds between two looks (default 5)"
        )

    def run(self, options: dict[str, Any]) -> None:
        """Publish."""
        job = find_outbox(options["outbox"]).retry_job(options["interval"])
        with use(Context(app_id=settings.APP_ID)):
            if not options["once"]:
                _run(Worker(JOB, job))
                return
            try:
                job.once()
            finally:
                job.close()


def _run(worker: Worker) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.run()


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ArgumentTypeError(f"must be a number of seconds above 0, not {text!r}")
    return seconds
